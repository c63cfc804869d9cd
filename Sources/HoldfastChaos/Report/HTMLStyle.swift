/// How the page looks, by day and by night.
enum HTMLStyle {
    static let sheet = """
        :root{--paper:#fbfaf7;--ink:#1d2330;--soft:#667085;--line:#e3e0d8;--good:#1f7a4d;--bad:#b3261e;--doubt:#9a6700;
        --fault:#e0a100;--hold:#3b6fb6;--work:#8fb3dd}
        @media (prefers-color-scheme:dark){:root{--paper:#14171d;--ink:#e6e8ec;--soft:#98a2b3;--line:#2b303a;
        --good:#5cc08d;--bad:#ff8a80;--doubt:#e0b45c;--fault:#b98900;--hold:#7fa8e0;--work:#3d5a80}}
        *{box-sizing:border-box}
        body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
        main{max-width:1080px;margin:0 auto;padding:2.5rem 1.25rem 4rem}
        .kicker{margin:0;color:var(--soft);letter-spacing:.08em;text-transform:uppercase;font-size:.75rem}
        h1{margin:.1em 0 .2em;font-size:2rem}h2{margin:2.2rem 0 .6rem;font-size:1.15rem}h3{margin:0;font-size:1rem}
        table{border-collapse:collapse;width:100%}td,th{padding:.4rem .8rem .4rem 0;border-bottom:1px solid var(--line);
        text-align:left;vertical-align:top}th{color:var(--soft);font-weight:500;font-size:.85rem}
        .figures{color:var(--soft);font-size:.9rem}
        .badge{font-size:.75rem;font-weight:600;padding:.15em .6em;border-radius:1em;color:#fff;vertical-align:middle;
        white-space:nowrap}
        .badge.valid{background:#1f7a4d}.badge.invalid{background:#b3261e}.badge.unknown{background:#9a6700}
        .facts{display:flex;flex-wrap:wrap;gap:.4rem 2rem;margin:1rem 0 0}.facts dt{color:var(--soft);font-size:.8rem}
        .facts dd{margin:0;font-variant-numeric:tabular-nums}
        article{border-left:3px solid var(--bad);padding:.2rem 0 .2rem 1rem;margin:0 0 1rem}
        article p{margin:.1rem 0;color:var(--soft)}article ul{margin:.3rem 0 0;padding-left:1.1rem;
        font:.85rem/1.5 ui-monospace,monospace}.fault{color:var(--doubt)}
        pre{background:var(--line);padding:.8rem 1rem;border-radius:6px;overflow-x:auto}
        svg{width:100%;height:auto;display:block}svg text{fill:var(--soft);font:11px system-ui,sans-serif}
        .legend{color:var(--soft);font-size:.85rem}
        """
}
