/** What Grafana, Cloud Monitoring, Docker Compose and the collector fill in themselves: a name in braces behind a dollar sign. */
export function filledIn(name: string): string {
  return `\${${name}}`;
}
