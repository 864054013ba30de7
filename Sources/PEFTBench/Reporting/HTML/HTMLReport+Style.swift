extension HTMLReport {
  /// The page's style: both themes by `prefers-color-scheme`, and by the attribute that the toggle sets.
  ///
  /// Series colours are Okabe and Ito's, darker on light ground so that marks have a contrast of three at least.
  static let style = """
    :root{--bg:#fbfcfd;--panel:#fff;--ink:#16202b;--soft:#4b5a69;--line:#d9e0e7;--grid:#e8edf2;--link:#0a5aa8;
    --head:#f1f5f9;--bad:#a01c1c;--badbg:#fdecec;--front:#8b98a5;--mark:#fff;
    --c0:#0072b2;--c1:#c65200;--c2:#00805e;--c3:#b0508a;--c4:#9a6a00;--c5:#4a4a4a;--c6:#2a86bd;--c7:#7a4b1e;--cz:#5c6875;
    --h0:#f4f8fc;--h1:#e3edf8;--h2:#cfe1f2;--h3:#b5d2ea;--h4:#93bfe0;--h5:#6ea8d3;--h6:#5598ca;--h7:#2a6ca6;--h8:#195a97;--h9:#0b3f75;
    --hl:#0d1b28;--hd:#fff}
    @media (prefers-color-scheme:dark){:root:not([data-theme=light]){--bg:#0e141b;--panel:#151d26;--ink:#e6edf4;--soft:#a7b4c2;--line:#2b3845;
    --grid:#22303c;--link:#7cc0ff;--head:#1a2530;--bad:#ff9a94;--badbg:#3a1a1c;--front:#7d8b99;--mark:#151d26;
    --c0:#56b4e9;--c1:#f0873a;--c2:#2fc49a;--c3:#e39ac6;--c4:#e6b93d;--c5:#cfd6dd;--c6:#9fd8ff;--c7:#cfa173;--cz:#94a2b0;
    --h0:#17212c;--h1:#1b2d40;--h2:#1f3a56;--h3:#24496d;--h4:#2b5a85;--h5:#33699a;--h6:#4f8fc6;--h7:#66a3d6;--h8:#86bae8;--h9:#abd3f7;
    --hl:#fff;--hd:#07101a}}
    :root[data-theme=dark]{--bg:#0e141b;--panel:#151d26;--ink:#e6edf4;--soft:#a7b4c2;--line:#2b3845;
    --grid:#22303c;--link:#7cc0ff;--head:#1a2530;--bad:#ff9a94;--badbg:#3a1a1c;--front:#7d8b99;--mark:#151d26;
    --c0:#56b4e9;--c1:#f0873a;--c2:#2fc49a;--c3:#e39ac6;--c4:#e6b93d;--c5:#cfd6dd;--c6:#9fd8ff;--c7:#cfa173;--cz:#94a2b0;
    --h0:#17212c;--h1:#1b2d40;--h2:#1f3a56;--h3:#24496d;--h4:#2b5a85;--h5:#33699a;--h6:#4f8fc6;--h7:#66a3d6;--h8:#86bae8;--h9:#abd3f7;
    --hl:#fff;--hd:#07101a}
    :root{color-scheme:light dark}:root[data-theme=light]{color-scheme:light}:root[data-theme=dark]{color-scheme:dark}
    *{box-sizing:border-box}html{scroll-padding-top:3.5rem;-webkit-text-size-adjust:100%}
    body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
    .wrap{max-width:86rem;margin:0 auto;padding:0 1.25rem}
    a{color:var(--link)}h1,h2,h3{line-height:1.2;text-wrap:balance}h1{font-size:2rem;margin:.1rem 0 .3rem;overflow-wrap:anywhere}
    h2{font-size:1.4rem;margin:0 0 .75rem}h3{font-size:1.05rem;margin:1.75rem 0 .5rem}
    h2.suite{font-size:1.7rem;margin-top:2.5rem}p{margin:.4rem 0}
    :focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:3px}
    .skip{position:absolute;left:-999px}.skip:focus{left:1rem;top:.5rem;background:var(--panel);padding:.4rem .8rem;z-index:9}
    header{background:var(--panel);border-bottom:1px solid var(--line)}
    .top{display:flex;justify-content:space-between;align-items:flex-start;gap:1rem;padding-top:1.5rem;padding-bottom:1rem}
    .kicker{color:var(--soft);margin:0;font-weight:600}.sub{color:var(--soft);margin:0}
    .badge{display:inline-block;border:1px solid var(--line);background:var(--head);color:var(--ink);border-radius:99px;padding:0 .7rem;font-size:.85rem;margin-left:.4rem}
    nav{border-top:1px solid var(--line);overflow-x:auto}nav ul{display:flex;gap:1.4rem;list-style:none;white-space:nowrap}
    nav a{display:inline-block;padding:.6rem 0;text-decoration:none;font-size:.93rem}nav a:hover{text-decoration:underline}
    button,select,input{font:inherit;color:inherit;background:var(--panel);border:1px solid var(--front);border-radius:6px;padding:.35rem .7rem}
    button{cursor:pointer}button:hover{background:var(--head)}
    section.wrap{padding-top:2.5rem;padding-bottom:.5rem}
    .lead{font-size:1.05rem}.caption,caption,figcaption{color:var(--soft);font-size:.9rem}.caption{max-width:100ch}.vh{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
    .notes{margin:.75rem 0 1rem;padding:.6rem 1rem .6rem 2rem;border-left:4px solid var(--c4);background:var(--panel);font-size:.93rem}
    .cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:.9rem;margin:1rem 0 1.25rem}
    .card{background:var(--panel);border:1px solid var(--line);border-radius:10px;padding:.8rem 1rem}.card p{margin:0;color:var(--soft);font-size:.9rem;overflow-wrap:anywhere}
    .card .figure{color:var(--ink);font-size:1.55rem;font-weight:650;line-height:1.3;font-variant-numeric:tabular-nums}
    .scroll{overflow-x:auto;background:var(--panel);border:1px solid var(--line);border-radius:10px;margin:.6rem 0}
    table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}
    th,td{padding:.42rem .62rem;text-align:right;white-space:nowrap;border-top:1px solid var(--grid)}
    thead th{white-space:normal;background:var(--head);font-weight:600;color:var(--soft);vertical-align:bottom;border-bottom:1px solid var(--line)}
    tbody th,th:first-child,.w,.words td,.words thead th{text-align:left}tbody th{font-weight:600}
    .words td{white-space:normal;overflow-wrap:anywhere;min-width:6rem}
    tbody tr:hover>*{background:var(--head)}
    .board tbody td:nth-child(2){font-size:1rem}.words td.bad{min-width:15rem}
    td b,th b{font-weight:750}td u{text-underline-offset:3px;text-decoration-thickness:1.5px}
    td.bad{color:var(--bad);font-weight:600}.gone{color:var(--soft)}
    th button{all:unset;cursor:pointer}th button:hover{color:var(--ink)}th button:focus-visible{outline:3px solid var(--link);outline-offset:2px}
    th[aria-sort] button{color:var(--ink)}th[aria-sort=ascending] button::after{content:" ↑"}th[aria-sort=descending] button::after{content:" ↓"}
    .heat th:first-child,.board th:first-child{position:sticky;left:0;background:var(--panel);z-index:1}
    .heat thead th:first-child,.board thead th:first-child{background:var(--head)}
    .heat td{border:2px solid var(--panel);border-radius:5px;text-align:center}.heat td.w{text-align:left;color:var(--soft)}
    .heat thead th{text-align:center}.heat thead th:first-child,.heat thead th.w{text-align:left}
    .heat tbody tr:hover>td[class^=h]{filter:none}.heat small{font-size:.78rem}
    .h0,.h1,.h2,.h3,.h4,.h5,.h6{color:var(--hl)}.h7,.h8,.h9{color:var(--hd)}
    .h0,.heat tr:hover>.h0{background:var(--h0)}.h1,.heat tr:hover>.h1{background:var(--h1)}.h2,.heat tr:hover>.h2{background:var(--h2)}
    .h3,.heat tr:hover>.h3{background:var(--h3)}.h4,.heat tr:hover>.h4{background:var(--h4)}.h5,.heat tr:hover>.h5{background:var(--h5)}
    .h6,.heat tr:hover>.h6{background:var(--h6)}.h7,.heat tr:hover>.h7{background:var(--h7)}.h8,.heat tr:hover>.h8{background:var(--h8)}.h9,.heat tr:hover>.h9{background:var(--h9)}
    @media (prefers-color-scheme:dark){:root:not([data-theme=light]) .h6{color:var(--hd)}}:root[data-theme=dark] .h6{color:var(--hd)}
    .heat .bad{background:var(--badbg)}.heat .none{color:var(--soft)}
    .scale{display:flex;max-width:24rem;margin:.5rem 0;font-size:.75rem}.scale span{flex:1;text-align:center;padding:.1rem 0}
    .charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(22rem,100%),1fr));gap:1rem}
    .panels{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(10.2rem,100%),1fr));gap:.7rem}
    @media (min-width:50rem){.panels{grid-template-columns:repeat(auto-fill,minmax(13rem,1fr))}}
    .two{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(24rem,100%),1fr));gap:1rem;align-items:start}
    figure{margin:0;background:var(--panel);border:1px solid var(--line);border-radius:10px;padding:.6rem}
    .panels figure{padding:.35rem}figcaption{padding:.2rem .4rem;text-align:center}
    svg{display:block;width:100%;height:auto}svg text{paint-order:stroke;stroke:var(--panel);stroke-width:3.5px;stroke-linejoin:round;font:12.5px system-ui,-apple-system,"Segoe UI",Roboto,Arial,sans-serif;fill:var(--soft);font-variant-numeric:tabular-nums}
    svg text.n{fill:var(--ink);font-size:13px}svg text.h{fill:var(--ink);font-weight:650;font-size:13px}svg text.t{fill:var(--ink)}svg text.q{fill:var(--cz)}
    .g{stroke:var(--grid)}.a{stroke:var(--front)}.b{stroke:var(--ink);stroke-width:1.5}.z{stroke:var(--cz);stroke-dasharray:5 4}
    .f{fill:none;stroke:var(--front);stroke-width:2;stroke-linejoin:round}.k{stroke:var(--ink);stroke-width:4;stroke-linecap:round}
    .e{stroke-width:1.6;opacity:.75}.l{fill:none;stroke-width:1.8;stroke-linejoin:round}.m{stroke:var(--mark);stroke-width:.8}
    .d1{stroke-dasharray:5 3}.d2{stroke-dasharray:1.5 3}
    .c0{--c:var(--c0)}.c1{--c:var(--c1)}.c2{--c:var(--c2)}.c3{--c:var(--c3)}.c4{--c:var(--c4)}.c5{--c:var(--c5)}.c6{--c:var(--c6)}.c7{--c:var(--c7)}.cz{--c:var(--cz)}
    .l,.e{stroke:var(--c)}.m{fill:var(--c)}
    .legend{display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;list-style:none;padding:0;margin:.7rem 0;font-size:.92rem}
    .swatch{display:inline-block;width:1rem;height:1rem;margin-right:.4rem;vertical-align:-.15rem}
    .filters{display:flex;flex-wrap:wrap;gap:.8rem;align-items:end;margin:.8rem 0}.filters label{display:flex;flex-direction:column;font-size:.85rem;color:var(--soft);gap:.2rem;max-width:100%}
    .filters select,.filters input{color:var(--ink);font-size:1rem;max-width:100%}.filters[hidden]{display:none}.grow{flex:1 1 14rem}.grow input{width:100%}
    .answer{background:var(--panel);border:1px solid var(--line);border-radius:10px;padding:.8rem 1rem;margin:.7rem 0}
    .answer h3{margin:0 0 .4rem;font-size:.95rem}.answer pre{max-height:14rem}
    .answer dl{display:grid;grid-template-columns:minmax(5rem,auto) 1fr;gap:.35rem 1rem;margin:.6rem 0 0;font-size:.93rem}
    .answer dt{color:var(--soft)}.answer dd{margin:0;min-width:0}
    .said{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.86rem;white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:isolate}
    .gold .said{color:var(--c2);font-weight:600}.who{color:var(--soft);font-size:.85rem}
    pre{font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;background:var(--head);border-radius:8px;padding:.7rem .9rem;margin:.4rem 0;overflow:auto;max-height:34rem;white-space:pre-wrap;overflow-wrap:anywhere}
    details{margin:.5rem 0}summary{cursor:pointer;padding:.3rem 0;color:var(--link)}
    footer.wrap{color:var(--soft);font-size:.88rem;padding-top:2rem;padding-bottom:3rem}
    mark{background:#ffe28a;color:#16202b;border-radius:2px}
    @media (max-width:40rem){h1{font-size:1.5rem}.wrap{padding:0 .9rem}section.wrap{padding-top:2rem}.top{padding-top:1rem}th,td{padding:.4rem .5rem}
    .heat td.w,.heat thead th:nth-child(2){display:none}.answer dl{grid-template-columns:1fr}.answer dt{margin-top:.3rem}.card .figure{font-size:1.3rem}
    .cards{grid-template-columns:repeat(2,1fr)}}
    @media print{nav,#theme,.filters,#answers-more{display:none}.scroll{overflow:visible}}
    """
}
