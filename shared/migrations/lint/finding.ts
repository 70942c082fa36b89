/** What lint says of one place. */
import type { RuleId, Severity } from './rules.ts';

export interface Finding {
  rule: RuleId;
  severity: Severity;
  /** As a text, of a file that is a migration's. */
  version?: string;
  file: string;
  /** From 1, in UTF-16 units. */
  line: number;
  column: number;
  /** What happens. */
  message: string;
  /** What to write instead. */
  help: string;
}

/** Before it is known whether it is ignored. */
export interface Raised {
  rule: RuleId;
  /** In UTF-16 units, within the text. */
  offset: number;
  message: string;
}

/** Things in a schema that a script makes and takes away, as `table orders`, `column orders.note`, `index orders_note`. */
export interface Effects {
  makes: Map<string, { offset: number; table: string }>;
  takes: Set<string>;
  /** It does what cannot be told. */
  unclear: boolean;
}

export interface LintedScript {
  raised: Raised[];
  /** Of its statements, ascending. */
  ranges: { start: number; end: number }[];
  effects: Effects;
}

export const noEffects = (): Effects => ({ makes: new Map(), takes: new Set(), unclear: false });
