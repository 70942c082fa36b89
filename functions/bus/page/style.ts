/**
 * How the bus pages look: one column on a phone, digits that stand still, every colour beside words or a form that says the same. Where text is so large that little
 * of it fits, a number is above its buses rather than squeezed beside them.
 */
import { styleSheet } from '#shared/http/page.ts';

export const BUS_STYLE = styleSheet(`
:root { --good: #1a6b33; --fair: #7d5200; --bad: #b3261e }
@media (prefers-color-scheme: dark) { :root { --good: #7fd89a; --fair: #f3bd5b; --bad: #ff9f96 } }
[hidden] { display: none !important }
body { -webkit-text-size-adjust: 100% }
header, main, footer { max-width: 46rem }
header { padding-block: .35rem; justify-content: space-between }
header > a { color: var(--ink); text-decoration: none; padding: .6rem 0 }
main { padding-top: .5rem }
footer { padding-bottom: 2rem }
.languages ul { display: flex; flex-wrap: wrap; margin: 0 -.4rem; padding: 0; list-style: none; font-size: .875rem }
.languages a, .languages span { display: block; padding: .7rem .5rem; min-width: 2.5rem; text-align: center }
.languages span { font-weight: 600 }
.sprite { position: absolute; width: 0; height: 0 }
.fact svg, dt svg { width: 1em; height: 1em; fill: currentColor; vertical-align: -.12em; flex: none }
.hush { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }
h1 { margin: .5rem 0 .15rem; line-height: 1.25 }
.place { margin: 0 0 .75rem; color: var(--soft) }
.notice { border-radius: 0 .3rem .3rem 0; margin: .75rem 0 }
.notice p { margin: .25rem 0; overflow-wrap: anywhere }
.bar { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 0 1rem; border-bottom: 1px solid var(--line) }
.bar > :only-child { margin-left: auto }
.bar a, .bar [aria-current] { display: inline-block; padding: .65rem 0; min-height: 2.75rem }
.order { display: flex; gap: 1rem; margin: 0; padding: 0; list-style: none }
.order [aria-current] { font-weight: 600; box-shadow: inset 0 -3px var(--accent) }
.age { display: flex; flex-wrap: wrap; gap: 0 .5ch; margin: .5rem 0 0; font-size: .9rem; color: var(--soft); font-variant-numeric: tabular-nums }
.age strong { color: var(--bad) }
#link:not([hidden]) ~ #board .age strong:not([id]) { display: none }
#board { container-type: inline-size }
.rows, .buses { list-style: none; margin: 0; padding: 0 }
.row { display: grid; grid-template-columns: minmax(0, 1fr) auto 3rem 3rem; column-gap: .5rem; align-items: start; padding: .7rem 0 .6rem; border-bottom: 1px solid var(--line) }
.which { margin: 0; font-size: .9rem; font-weight: 400; line-height: 1.3; min-width: 0; overflow-wrap: anywhere; color: var(--soft) }
.which a { display: block; width: fit-content; min-width: 2.75rem; font-size: 1.75rem; line-height: 1.25; font-weight: 700; color: var(--ink); text-decoration: none; font-variant-numeric: tabular-nums }
.which a:hover { text-decoration: underline }
.buses, .bus:first-child { display: contents }
.bus { text-align: right; font-variant-numeric: tabular-nums }
.when { margin: 0; min-height: 2.25rem; line-height: 2.25rem; white-space: nowrap; text-align: right }
.when b { font-size: 1.35rem; font-weight: 600 }
.when span { font-size: .75rem; color: var(--soft) }
.bus:first-child .when { min-width: 4.5rem }
.bus:first-child .when b { font-size: 2.5rem; font-weight: 700; letter-spacing: -.02em }
.bus:first-child .when span { font-size: .875rem }
.bus:not(:first-child) .when span:not(.gone) { display: none }
.bus[data-state=arriving] .when b { font-size: 1.05rem }
.bus[data-state=arriving]:first-child .when b { font-size: 1.75rem; color: var(--good) }
:lang(zh) .bus[data-state=arriving]:first-child .when b { font-size: 1.5rem }
:lang(ta) .bus[data-state=arriving] .when b { font-size: .8rem }
:lang(ta) .bus[data-state=arriving]:first-child .when b { font-size: 1.1rem }
.bus[data-state=left] .when { white-space: normal; line-height: 1.15; display: grid; align-content: center; justify-items: end }
.bus[data-state=left] .when b { font-size: .8rem; font-weight: 400; letter-spacing: 0; max-width: 5rem; color: var(--soft) }
.bus[data-state=left] .when span { display: none }
.bus.plan .when b { font-weight: 400 }
.facts { margin: 0; font-size: .8rem; line-height: 1.4 }
.bus:first-child .facts { grid-row: 2; grid-column: 1 / -1; display: flex; flex-wrap: wrap; gap: .1rem .7rem; padding-top: .3rem; text-align: left }
.bus:not(:first-child) .facts { display: flex; justify-content: flex-end; gap: .3rem; font-size: 1rem }
.fact { display: inline-flex; align-items: center; gap: .3rem }
.bus:not(:first-child) .fact span { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }
svg .x { opacity: .28 }
.seats svg { color: var(--good) } .standing svg { color: var(--fair) } .limited svg { color: var(--bad) }
.seats svg, .standing svg, .limited svg { width: 1.25em; height: 1.25em }
[data-status=not_operating] .which a, [data-status=unknown] .which a { color: var(--soft) }
.row:has(> .why) .buses { display: none }
.none { text-align: right; color: var(--soft); line-height: 2.25rem }
.why { grid-column: 1 / -1; margin: .3rem 0 0; font-size: .9rem }
.hours { grid-column: 1 / -1; margin: .15rem 0 0; font-size: .8rem; color: var(--soft); font-variant-numeric: tabular-nums }
.signs dl { display: grid; grid-template-columns: auto 1fr; gap: .4rem .75rem; margin: .5rem 0; font-size: .9rem }
.signs dt { display: flex; align-items: center; gap: .4rem } .signs dd { margin: 0; color: var(--soft) }
details { border-bottom: 1px solid var(--line) }
summary { padding: .75rem 0; cursor: pointer; color: var(--accent) }
details > :not(summary) { margin-bottom: 1rem }
.find { display: flex; flex-wrap: wrap; gap: .5rem; align-items: end; margin: .75rem 0 }
.find > label[for] { flex: 1 0 100%; margin-bottom: -.25rem }
.find > input, .find > label { flex: 1 1 8rem; min-width: 0 }
.find.two > label { flex-basis: 5rem }
.find input { width: 100% }
.find button, #near button { min-height: 2.75rem }
.stops > li > a { display: block; padding: .2rem 0; font-size: 1.1rem; font-weight: 600; text-decoration: none }
.stops > li > a:hover { text-decoration: underline }
.stops > li > p { margin: 0; font-size: .9rem; color: var(--soft) }
ol.stops { padding-left: 1.75rem }
ol.stops > li { padding: .35rem 0 }
.stops .numbers { color: var(--ink); font-variant-numeric: tabular-nums }
.stops > li > .next { color: var(--ink); font-variant-numeric: tabular-nums; display: flex; flex-wrap: wrap; gap: 0 .9rem }
.tools { display: flex; flex-wrap: wrap; gap: .25rem; margin-top: .25rem }
.tools button { min-width: 2.75rem; padding: .3rem .7rem }
.save { display: flex; flex-wrap: wrap; gap: .5rem; margin: 1rem 0 }
.pane { position: relative; max-width: 768px }
.tiles { display: grid; grid-template-columns: repeat(3, 1fr) }
.tiles img { display: block; width: 100%; height: auto; aspect-ratio: 1; background: var(--line) }
.pane svg { position: absolute; inset: 0; width: 100%; height: 100% }
.pane text { font: 700 20px system-ui, sans-serif; paint-order: stroke; stroke: #fff; stroke-width: 5px; fill: #1c1b1a }
@container (max-width: 15rem) {
 .row { grid-template-columns: minmax(0, 1fr) auto auto }
 .which { grid-column: 1 / -1 }
 .bus:first-child .when { text-align: left }
 .bus:first-child .facts { grid-row: 3 }
}
@media (min-width: 40rem) {
 .row { grid-template-columns: minmax(0, 1fr) auto 5rem 5rem; column-gap: 1rem }
 .when b { font-size: 1.5rem }
}
@media (prefers-reduced-motion: no-preference) { .bus[data-state=arriving]:first-child .when b { transition: color .3s } }
`);
