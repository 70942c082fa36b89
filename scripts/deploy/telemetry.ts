/** What every function is told of logs, traces, metrics and profiles, which no row of the manifest names since they are the same for all. */
import type { FunctionRow } from '#shared/define.ts';
import { TELEMETRY_SETTINGS } from '#shared/telemetry/settings.ts';

type Settings = Readonly<Record<string, Readonly<Record<string, string>>>>;

const names = Object.entries(TELEMETRY_SETTINGS);
const PLAIN = new Set(names.flatMap(([name, setting]) => ('secret' in setting ? [] : name)));
/** Given to all functions where `secrets` in the file names them: most of who deploys this needs none. */
export const TELEMETRY_SECRETS = names.flatMap(([name, setting]) => ('secret' in setting ? name : []));

/** Whether a function is told of a setting that is no secret. */
export function reads({ settings }: FunctionRow, name: string): boolean {
  return PLAIN.has(name) || (settings as readonly string[]).includes(name);
}

/** Of what a function is given in the file. */
const given = (name: string, { name: row }: Pick<FunctionRow, 'name'>, settings: Settings): string | undefined =>
  settings[row]?.[name] ?? settings['*']?.[name];

/** Whether it hands its traces and metrics to Google itself, in the name of its own account. */
export function tellsGoogle(row: Pick<FunctionRow, 'name'>, settings: Settings): boolean {
  const endpoint = given('OTEL_EXPORTER_OTLP_ENDPOINT', row, settings);
  return endpoint !== undefined && URL.canParse(endpoint) && new URL(endpoint).hostname === 'telemetry.googleapis.com';
}

/** The second port, where it is a certain one: nobody could ask at one that is any. */
export function opsPortOf(row: Pick<FunctionRow, 'name'>, settings: Settings): number | undefined {
  return Number(given('HAWKER_OPS_PORT', row, settings)) || undefined;
}

/** Where the collector and Pyroscope take what is sent to them, but for https at its own port. */
export function telemetryPorts(row: Pick<FunctionRow, 'name'>, settings: Settings): number[] {
  const addresses = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'PYROSCOPE_SERVER_ADDRESS'].flatMap(
    (name) => given(name, row, settings) ?? [],
  );
  const ports = addresses
    .filter((address) => URL.canParse(address))
    .map((address) => {
      const { port, protocol } = new URL(address);
      return Number(port) || (protocol === 'https:' ? 443 : 80);
    });
  return [...new Set(ports)].filter((port) => port !== 443).sort((a, b) => a - b);
}
