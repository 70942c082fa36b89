/** What a plan is made of: things in Google Cloud, each with how it is looked at, made, mended and removed by `gcloud`. */

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** One run of gcloud, never through a shell. */
export interface Command {
  /** Without the leading `gcloud`. */
  args: readonly string[];
  /** Given on standard input, never in `args`: a secret. */
  input?: () => Promise<string>;
}

/** One thing in Google Cloud, as the plan wants it. */
export interface Resource {
  /** `<kind>/<name>`, unique, stable: `topic/link.hit`, `service/redirects`, `role/redirects/datastore.user`. */
  id: string;
  kind: string;
  /** One line for people: what it is and why it is there. */
  about: string;
  /** The functions whose rows imply it. Empty: all need it. */
  of: readonly string[];
  /** ids that must be there before. */
  needs: readonly string[];
  /** Tells what is there, as JSON on standard output; a failure that says NOT_FOUND means absent. */
  describe: Command;
  /** What is wanted, in the shape that `read` answers; fields that are not named do not matter. `null`: must be there, whatever it looks like. */
  wanted: Json;
  /** Reads the answer of `describe` into the shape of `wanted`; undefined where it is absent. Pure. */
  read(answer: Json): Json | undefined;
  create: readonly Command[];
  /** Brings one that differs to what is wanted; absent: it is made so once, and a difference is told, never overwritten. */
  update?: readonly Command[];
  /** How `destroy` removes it; absent: it stays (it holds data or is shared), with the reason in `keeps`. */
  remove?: readonly Command[];
  /** Why `destroy` leaves it. With `remove` beside it: it holds data, and goes only with `--with-data`. */
  keeps?: string;
  /** What it costs when nothing happens, and what matters about it: `0 while idle`, `US$0.06 a month per secret version`. */
  cost?: string;
}
