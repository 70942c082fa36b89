/** The pages' texts by language, and how a text takes its values. */
import { en } from './en.ts';
import { ms } from './ms.ts';
import { ta } from './ta.ts';
import { zh } from './zh.ts';

export type MessageKey = keyof typeof en;
export type Messages = Readonly<Record<MessageKey, string>>;
/** By the names that `AlertRequest.lang` has too. */
export type Lang = 'en' | 'zh' | 'ms' | 'ta';
/** Says a text with its values put in. What has no value stays as it is. */
export type Say = (key: MessageKey, values?: Readonly<Record<string, string | number>>) => string;

export const MESSAGES: Readonly<Record<Lang, Messages>> = { en, zh, ms, ta };
/** What a language is called in itself, in short and in full, in the order of the picker. */
export const LANGUAGE_NAMES: Readonly<Record<Lang, readonly [short: string, full: string]>> = {
  en: ['EN', 'English'],
  zh: ['中文', '华文'],
  ms: ['BM', 'Bahasa Melayu'],
  ta: ['தமிழ்', 'தமிழ்'],
};

export function sayIn(lang: Lang): Say {
  return (key, values = {}) =>
    MESSAGES[lang][key].replaceAll(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** The texts that scripts need, values not put in. */
export function textsFor(lang: Lang, keys: readonly MessageKey[]): Record<string, string> {
  return Object.fromEntries(keys.map((key) => [key, MESSAGES[lang][key]]));
}
