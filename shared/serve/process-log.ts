/** The log of this process: readable lines where a person watches a terminal, JSON elsewhere. */
import { styleText } from 'node:util';
import type { Config, SettingName } from '../config.ts';
import { SETTINGS, unheededSettings, unknownSettings } from '../config.ts';
import { createLog, type Log, type Severity } from '../log.ts';
import { useDebugKey } from '../telemetry/debug-header.ts';
import { setLogRate } from '../telemetry/invocation.ts';
import { keepSecret } from '../telemetry/redact.ts';

/** Also tells the whole process which secrets must never be in a line, how many lines of a kind are enough, and who may debug. */
export function processLog(config: Config): Log {
  const { stdout } = process;
  for (const secret of secretsOf(config)) keepSecret(secret);
  setLogRate(config.HAWKER_LOG_RATE);
  useDebugKey(config.HAWKER_DEBUG_KEY);
  surviveLostOutput();
  const log = createLog({
    write: (line) => stdout.write(line),
    now: () => Date.now(),
    format: stdout.isTTY ? 'text' : 'json',
    // It knows NO_COLOR and the others of its kind.
    colour: styleText('red', '', { stream: stdout }) !== '',
    level: config.HAWKER_LOG_LEVEL.toUpperCase() as Severity,
    project: config.GOOGLE_CLOUD_PROJECT,
    service: config.service && { name: config.service.name, version: config.service.revision || undefined },
  });
  for (const name of unknownSettings()) log.warn(`${name} is not a setting of Hawker; it has no effect`);
  for (const sentence of unheededSettings()) log.warn(sentence);
  if (config.cloudRun && config.HAWKER_STORE === 'sqlite')
    log.warn('data is kept in the container and goes with it; set HAWKER_STORE=firestore and HAWKER_QUEUE=pubsub');
  if (config.cloudRun && config.HAWKER_TRUSTED_PROXIES.length === 0)
    log.warn(
      'all visitors seem to have the address of the platform in front; set HAWKER_TRUSTED_PROXIES to tell them apart',
    );
  return log;
}

/** Characters. */
const SHORTEST_CREDENTIAL = 8;

/** All texts in the settings that are secrets. */
function secretsOf(config: Config): string[] {
  const names = (Object.keys(SETTINGS) as SettingName[]).filter((name) => 'secret' in SETTINGS[name]);
  return names.flatMap((name) => {
    const texts = textsIn(config[name]);
    // Of these some are plain words, such as the name of a tenant.
    return name === 'OTEL_EXPORTER_OTLP_HEADERS' ? texts.filter(({ length }) => length >= SHORTEST_CREDENTIAL) : texts;
  });
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

let surviving = false;

/** Without a listener, a reader that went away or a disk that is full would end the process with the next line. What cannot be written is lost; later lines are tried again. */
function surviveLostOutput(): void {
  if (surviving) return;
  surviving = true;
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}
