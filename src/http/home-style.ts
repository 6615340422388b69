/** The home page's style sheet. */
export const HOME_STYLE = `
:root {
  color-scheme: light dark;
  --paper: light-dark(#faf7f1, #14130f);
  --card: light-dark(#fffdf9, #1d1b17);
  --ink: light-dark(#26221b, #ece6da);
  --soft: light-dark(#6b6355, #a39a89);
  --line: light-dark(#e5dece, #322e27);
  --seal: light-dark(#b5301c, #e8604a);
  --good: light-dark(#2c6e3f, #7cc28d);
  --code: light-dark(#f3eee2, #12110e);
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif;
}
main { max-width: 58rem; margin: 0 auto; padding: clamp(1.25rem, 5vw, 4rem) clamp(1rem, 4vw, 2rem) 2.5rem; }
header { display: flex; gap: 1.25rem; align-items: center; }
.seal {
  flex: none; width: 4.25rem; height: 4.25rem; display: grid; place-items: center; border-radius: .7rem;
  background: var(--seal); color: light-dark(#fff8ee, #1b0f0b); transform: rotate(-3deg);
  font: 700 2.4rem/1 "Songti SC", "Noto Serif CJK SC", "SimSun", "Noto Sans CJK SC", serif;
  box-shadow: inset 0 0 0 3px var(--seal), inset 0 0 0 4.5px color-mix(in srgb, currentColor 65%, transparent);
}
h1 { margin: 0; font: 700 clamp(2rem, 6vw, 2.9rem)/1.1 ui-serif, Georgia, "Noto Serif", "DejaVu Serif", serif; letter-spacing: -.02em; }
.lead { margin: .35rem 0 0; color: var(--soft); font-size: 1.08rem; text-wrap: balance; }
.about { margin: 1.6rem 0 0; max-width: 44rem; }
.about p { margin: 0 0 .35rem; }
.about [lang] { color: var(--soft); }
.state { display: flex; flex-wrap: wrap; gap: .3rem .9rem; align-items: center; margin: 1.4rem 0 0; font-size: .92rem; color: var(--soft); }
.state strong { color: var(--good); display: inline-flex; align-items: center; gap: .45rem; }
.state strong::before { content: ""; width: .6rem; height: .6rem; border-radius: 50%; background: currentColor; box-shadow: 0 0 0 .22rem color-mix(in srgb, currentColor 22%, transparent); }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); gap: .8rem; margin: 1.3rem 0 0; padding: 0; }
.figures div, .client { background: var(--card); border: 1px solid var(--line); border-radius: .8rem; }
.figures div { padding: .85rem 1.05rem .95rem; }
dt { font-size: .84rem; color: var(--soft); }
dd { margin: 0; }
dd b { display: block; font-size: 1.55rem; line-height: 1.35; font-weight: 650; font-variant-numeric: tabular-nums; letter-spacing: -.01em; }
dd small { display: block; color: var(--soft); font-size: .84rem; line-height: 1.4; }
svg.gauge { display: block; width: 100%; height: .4rem; margin-top: .55rem; border-radius: .2rem; background: var(--line); fill: var(--seal); }
h2 { margin: 2.5rem 0 .9rem; font: 650 1.35rem/1.3 ui-serif, Georgia, "Noto Serif", "DejaVu Serif", serif; }
h2 span { color: var(--soft); font: 400 1rem/1 system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; margin-left: .5rem; }
.client { padding: 1.05rem 1.15rem 1.2rem; margin: 0 0 .8rem; }
.client h3 { margin: 0 0 .6rem; font-size: 1.02rem; }
.line { position: relative; margin: 0; }
.line + .undo { margin: .85rem 0 .35rem; font-size: .88rem; color: var(--soft); }
pre {
  margin: 0; padding: .75rem .95rem; border-radius: .55rem; background: var(--code); border: 1px solid var(--line);
  white-space: pre-wrap; overflow-wrap: anywhere;
  font: .92rem/1.5 ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
.js .line pre { padding-right: 5.6rem; }
button { display: none; }
.js button {
  display: block; position: absolute; top: .5rem; right: .42rem; padding: .26rem .75rem; border-radius: .4rem;
  border: 1px solid var(--line); background: var(--card); color: var(--ink); font: inherit; font-size: .82rem; cursor: pointer;
}
button:hover { border-color: var(--seal); color: var(--seal); }
:focus-visible { outline: 2px solid var(--seal); outline-offset: 2px; }
.refused { list-style: none; margin: 0; padding: 0; background: var(--card); border: 1px solid var(--line); border-radius: .8rem; }
.refused li { padding: .75rem 1.15rem .8rem; overflow-wrap: anywhere; }
.refused li + li { border-top: 1px solid var(--line); }
.refused p { margin: 0; }
.refused .what, .hidden { font-size: .88rem; color: var(--soft); }
.refused b { color: var(--seal); font-variant-numeric: tabular-nums; }
.refused time { font-variant-numeric: tabular-nums; }
.refused code { color: var(--ink); font: .92em/1.5 ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: .8rem; }
.sources { border-collapse: collapse; width: 100%; font-size: .92rem; font-variant-numeric: tabular-nums; }
.sources th { text-align: left; font-weight: 400; font-size: .84rem; color: var(--soft); white-space: nowrap; }
.sources th, .sources td { padding: .5rem .6rem; vertical-align: top; }
.sources th:first-child, .sources td:first-child { padding-left: 1.15rem; }
.sources tbody tr { border-top: 1px solid var(--line); }
.sources td { white-space: nowrap; }
.sources td:last-child { white-space: normal; min-width: 9rem; }
.sources small { display: block; color: var(--soft); font-size: .84rem; }
.sources td:first-child { white-space: normal; overflow-wrap: anywhere; min-width: 9rem; }
.sources .well { color: var(--good); }
.sources .ill { color: var(--seal); }
footer { margin-top: 2.4rem; padding-top: 1.1rem; border-top: 1px solid var(--line); font-size: .88rem; color: var(--soft); display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; }
a { color: inherit; text-underline-offset: .2em; }
a:hover { color: var(--seal); }
@media (max-width: 30rem) {
  .seal { width: 3.3rem; height: 3.3rem; font-size: 1.85rem; }
  .figures { grid-template-columns: 1fr 1fr; gap: .6rem; }
  .figures div { padding: .7rem .8rem .8rem; }
  dd b { font-size: 1.25rem; }
}
`
