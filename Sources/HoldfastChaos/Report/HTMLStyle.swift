/// How the page looks, by day and by night, on a desk and on a phone.
enum HTMLStyle {
    static let sheet = """
        :root{--paper:#fbfaf7;--card:#fff;--ink:#1d2330;--soft:#667085;--line:#e6e2d9;--good:#1f7a4d;--bad:#b3261e;
        --doubt:#b87a00;--fault:#e3a008;--work:#8fb3dd;--c0:#3b6fb6;--c1:#2a9d8f;--c2:#7b5ea7;--c3:#c2557a;--c4:#5b8c3a;
        --c5:#4b7a99;--c6:#8a6d3b;--c7:#59616f}
        @media (prefers-color-scheme:dark){:root{--paper:#14171d;--card:#1b1f27;--ink:#e6e8ec;--soft:#98a2b3;
        --line:#2b303a;--good:#5cc08d;--bad:#ff8a80;--doubt:#e0b45c;--fault:#c99700;--work:#3d5a80;--c0:#7fa8e0;
        --c1:#5cc7b8;--c2:#b39ddb;--c3:#e890ad;--c4:#a3cf82;--c5:#8fb9d4;--c6:#cdb17d;--c7:#a6afbd}}
        *{box-sizing:border-box}
        body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,sans-serif}
        main{max-width:1120px;margin:0 auto;padding:2.5rem 1.5rem 4rem}
        .kicker{margin:0;color:var(--soft);letter-spacing:.08em;text-transform:uppercase;font-size:.75rem}
        h1{margin:.1em 0 .25em;font-size:2.1rem;line-height:1.2}h2{margin:2.6rem 0 .7rem;font-size:1.2rem}
        h3{margin:1rem 0 .3rem;font-size:1rem}header p{margin:.2rem 0;max-width:46rem}
        .summary{font-size:1.15rem;font-weight:600;border-left:4px solid;padding-left:.8rem;margin:1rem 0!important}
        .summary.valid{border-color:var(--good)}.summary.invalid{border-color:var(--bad)}
        .summary.unknown{border-color:var(--doubt)}
        table{border-collapse:collapse;width:100%}td,th{padding:.45rem 1rem .45rem 0;vertical-align:top;
        border-bottom:1px solid var(--line);text-align:left}th{color:var(--soft);font-weight:500;font-size:.85rem}
        .n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
        .figures{color:var(--soft);font-size:.9rem}
        .badge{display:inline-block;font-size:.75rem;font-weight:600;padding:.15em .7em;border-radius:1em;color:#fff;
        vertical-align:middle;white-space:nowrap}
        .badge.valid{background:#1f7a4d}.badge.invalid{background:#b3261e}.badge.unknown{background:#8a5a00}
        .facts{display:flex;flex-wrap:wrap;gap:.7rem;margin:1.2rem 0 0}.facts div{background:var(--card);
        border:1px solid var(--line);border-radius:8px;padding:.45rem .9rem}.facts dt{color:var(--soft);
        font-size:.78rem}.facts dd{margin:0;font-size:1.1rem;font-variant-numeric:tabular-nums}
        article{border-left:3px solid var(--bad);padding:.2rem 0 .2rem 1rem;margin:0 0 1.2rem;overflow-wrap:anywhere}
        article h3{margin:0}article p{margin:.1rem 0;color:var(--soft)}article ul{margin:.3rem 0 0;padding-left:1.1rem;
        font:.85rem/1.5 ui-monospace,monospace}li.fault{color:var(--doubt)}
        pre{background:var(--card);border:1px solid var(--line);padding:.8rem 1rem;border-radius:8px;
        white-space:pre-wrap;overflow-wrap:anywhere}
        .wide{overflow-x:auto}.wide svg{min-width:760px}svg{width:100%;height:auto;display:block}
        svg text{fill:var(--soft);font:11px system-ui,sans-serif}svg .head{fill:var(--ink);font-weight:600}
        .legend{color:var(--soft);font-size:.85rem;margin:.6rem 0 0}.legend span{display:inline-block;
        margin-right:1.2rem}i{display:inline-block;width:.9em;height:.6em;border-radius:2px;margin-right:.45em}
        .rule{stroke:var(--line);fill:none}.band{fill:var(--fault);opacity:.13}
        .held{fill:none;stroke-width:9}.dots{stroke:var(--c0);stroke-width:3;stroke-linecap:round;fill:none}
        .curve{fill:none;stroke-width:2}
        rect.fault,i.fault{fill:var(--fault);background:var(--fault)}
        rect.bad,i.bad{fill:var(--bad);background:var(--bad)}rect.lost,i.lost{fill:var(--ink);
        background:var(--ink)}.work{fill:var(--work);background:var(--work)}
        \(colours)
        @media (max-width:640px){main{padding:1.5rem 1rem 3rem}h1{font-size:1.6rem}
        .verdicts tr{display:block;padding:.5rem 0;border-bottom:1px solid var(--line)}
        .verdicts td{display:inline;border:0;padding:0 .5rem 0 0}.verdicts .figures{display:block}}
        """

    /// Of clients, as shapes, strokes and swatches; and of the curves of percentiles.
    private static let colours = ((0..<8).map { ("c\($0)", "c\($0)") } + [("quiet", "c0"), ("struck", "fault")])
        .map { name, colour in
            "rect.\(name),circle.\(name){fill:var(--\(colour))}path.\(name){stroke:var(--\(colour))}"
                + "i.\(name){background:var(--\(colour))}"
        }
        .joined()
}
