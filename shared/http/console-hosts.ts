/** Where the console is: on these host names it answers under `npm start`, so none of them can be a branded domain. */
import type { Config } from '../config.ts';

/** Host names that reach the console on every machine; `*.localhost` names are ordinary branded domains. */
const ALWAYS = ['localhost', '127.0.0.1', '[::1]'];

/** In lower case, without ports. */
export function consoleHosts(config: Pick<Config, 'HAWKER_CONSOLE_HOSTS'>): ReadonlySet<string> {
  return new Set([...ALWAYS, ...config.HAWKER_CONSOLE_HOSTS.map((host) => host.toLowerCase())]);
}
