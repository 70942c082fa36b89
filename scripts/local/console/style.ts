/** How the console looks, beside the common style. */
import { styleSheet } from '#shared/http/page.ts';

export const STYLE = styleSheet(`
:root { --bad: #a3180b; --good: #2c6b34; --warn: #7a5400; --bar: #8b857c; --wash: #f4f1ec }
@media (prefers-color-scheme: dark) { :root { --bad: #ff9d8c; --good: #8fd39a; --warn: #e6bd6a; --bar: #8d867d; --wash: #211f1d } }
header, main { max-width: 92rem; padding-inline: clamp(.75rem, 2.5vw, 2rem) }
header { align-items: center; gap: .25rem 1rem }
header a { font-size: 1.1rem; text-decoration: none }
.tools { display: flex; gap: .5rem; margin-left: auto }
.tools button { min-height: 2.25rem; padding: .25rem .6rem; font-size: .875rem }
button.quiet { border-color: var(--line) }
#link { margin: 0; font-size: .875rem; color: var(--soft); font-variant-numeric: tabular-nums }
#link:not(:empty)::before { content: ""; display: inline-block; width: .55em; height: .55em; border-radius: 50%; margin-right: .5em; background: var(--bar) }
#link[data-state=live]::before { background: var(--good) }
#link:is([data-state=lost], [data-state=unready]) { color: var(--bad); font-weight: 600 }
#link:is([data-state=lost], [data-state=unready])::before { background: var(--bad) }
.hush { position: absolute; width: 1px; height: 1px; margin: 0; overflow: hidden; clip-path: inset(50%); white-space: nowrap }
/* What was green is no longer known to be; not paler, which would be hard to read. */
#live[data-stale] { filter: grayscale(1) }
#live { display: grid; gap: 0 3rem; grid-template-columns: minmax(0, 1fr) }
@media (min-width: 62rem) { #live { grid-template-columns: minmax(0, 1.5fr) minmax(0, 1fr) } }
.panel { margin: 0 0 2rem }
.panel h2 { font-size: .8125rem; font-weight: 600; letter-spacing: .04em; color: var(--soft); margin: 0 0 .4rem; padding-top: .6rem }
.panel > div:focus { outline: none }
.panel > div:focus-visible { outline: 3px solid var(--accent); outline-offset: 4px }
.panel p { margin: .25rem 0 }
.panel small, .panel table, .panel dl.pairs, .panel ol, .functions p, .panel .soft, .panel .do, pre { font-size: .875rem }
.panel code { font-size: .9em }
time, .number { font-variant-numeric: tabular-nums; white-space: nowrap }
time { color: var(--soft) }
.figures { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: .5rem 1.5rem; margin: 0 0 .75rem }
.figures div { display: flex; flex-direction: column-reverse }
.figures dt { font-size: .8125rem; color: var(--soft) }
.figures dd { margin: 0; font-size: 1.9rem; line-height: 1.15; font-weight: 300; letter-spacing: -.02em; font-variant-numeric: tabular-nums; white-space: nowrap }
.figures dd small { font-size: .9rem; letter-spacing: 0 }
.bad dd { color: var(--bad); font-weight: 400 }
.pace { margin: 0 }
.pace svg { display: block; width: 100%; height: 3.5rem; border-bottom: 1px solid var(--line) }
.pace .all { fill: var(--bar) }
.pace .failed { fill: var(--bad) }
.pace figcaption { display: flex; justify-content: space-between; font-size: .75rem; color: var(--soft); padding-top: .2rem }
.panel th, .panel td { padding: .28rem 1rem .28rem 0; font-weight: 400; vertical-align: baseline }
.panel th:last-child, .panel td:last-child { padding-right: 0 }
.panel thead th { color: var(--soft); font-size: .75rem; padding-block: 0 .2rem; white-space: nowrap }
.panel .number { text-align: right }
.panel tbody tr:last-child > * { border-bottom: 0 }
.panel tr.bad > :first-child { box-shadow: -.75rem 0 0 -.5rem var(--paper), -.75rem 0 0 -.55rem var(--bad) }
.whose { display: inline-block; min-width: 9.5rem; padding-right: .25rem }
ol.failures .whose { min-width: 0 }
.panel th code { color: var(--soft) }
.none { color: var(--soft) }
.outcome { font-variant-numeric: tabular-nums; white-space: nowrap }
.s2, .s3, .ok, .done, .idle, .delivered { color: var(--soft) }
.s4, .refused, .skipped, .cancelled, .paused, .again { color: var(--warn) }
.s5, .failed { color: var(--bad); font-weight: 600 }
.running, .waiting, .queued, .begun { color: var(--accent) }
p.unready { color: var(--bad); font-size: 1.25rem; font-weight: 600 }
.leads.here, .ready { color: var(--good) }
.leads.nobody { color: var(--soft) }
ol.failures { list-style: none; margin: 0; padding: 0 }
ol.failures li { padding: .45rem 0 .5rem; border-bottom: 1px solid var(--line) }
ol.failures li:last-child { border-bottom: 0 }
ol.failures p { margin: 0 }
.why { color: var(--ink); overflow-wrap: anywhere }
.ids { color: var(--soft); font-size: .75rem; display: flex; flex-wrap: wrap; gap: 0 1rem }
.ids code { font-size: 1em }
.do { padding: .5rem 0 }
pre { margin: .5rem 0 0; padding: .6rem .75rem; background: var(--wash); border-radius: .3rem; white-space: pre-wrap }
dl.pairs { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); gap: .5rem 1rem; margin: 0 }
dl.pairs dt { color: var(--soft); font-size: .75rem }
dl.pairs dd { margin: 0; overflow-wrap: anywhere }
progress { width: 4rem; height: .5rem; accent-color: var(--accent) }
.functions { list-style: none; margin: 0; padding: 0; display: grid; grid-template-columns: repeat(auto-fill, minmax(min(20rem, 100%), 1fr)); gap: .75rem 2.5rem }
.functions p { margin: 0; color: var(--soft) }
.sign-in { display: grid; grid-template-columns: minmax(0, 22rem) auto; gap: .5rem .75rem; align-items: end; justify-content: start; margin: 0 0 2rem }
.sign-in p { grid-column: 1 / -1; margin: 0 }
@media (max-width: 40rem) {
  .whose { min-width: 0 }
  #requests tbody tr:nth-child(n + 13) { display: none }
  .figures { grid-template-columns: repeat(2, minmax(0, 1fr)) }
  .sign-in { grid-template-columns: minmax(0, 1fr) }
  .panel table, .panel tbody, .panel tr { display: block }
  .panel thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
  .panel tbody tr { display: flex; flex-wrap: wrap; gap: 0 .9rem; padding: .4rem 0; border-bottom: 1px solid var(--line) }
  .panel tbody tr:last-child { border-bottom: 0 }
  .panel tbody tr > * { border: 0; padding: 0; text-align: left }
  .panel tbody th { flex: 1 0 100% }
  .panel td:not(.plain)::before { content: attr(data-head) " "; color: var(--soft); font-size: .75rem }
  #requests td.number:last-child { margin-left: auto }
}
`);
