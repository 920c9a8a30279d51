// Draws the charts of the site with Observable Plot. A chart is a <figure class="nb-chart"> that holds its
// numbers as JSON (see storage/site/charts.py for the shape) and, for everybody, as a table. Series are
// told apart by colour, by the shape of their points or the pattern of their bars, and by a label that
// stands beside them; where a series breaks, its line is cut.
(() => {
  "use strict";

  const COLOURS = ["#0072b2", "#c25700", "#00805f", "#a85687", "#8a6d00", "#3b88b5", "#56626a", "#7a3b00", "#8a969e"];
  // The same as ink for words, which need more contrast than lines.
  const WORDS = COLOURS.map((each) => ({ "#3b88b5": "#256d96", "#8a969e": "#5f6b73" })[each] || each);
  const SYMBOLS = ["circle", "square", "triangle", "diamond", "star", "wye", "cross", "circle"];
  const DASHES = ["", "6 3", "2 3", "9 3 2 3", "", "6 3", "2 3", "9 3 2 3"];
  const INK = "#1c2326", SOFT = "#56626a", LINE = "#d5dbde";
  const NARROW = 520;
  let identifier = 0;

  const numbers = new Intl.NumberFormat("en-US", { maximumFractionDigits: 2 });
  const shown = (chart, value) =>
    value === null || value === undefined ? "–"
      : chart.unit === "share" ? `${(100 * value).toFixed(1)}%` : numbers.format(value);
  const onAxis = (chart) => (value) =>
    chart.unit === "share" ? `${Math.round(100 * value)}%`
      : value >= 10000 && chart.lang === "zh" ? `${numbers.format(value / 10000)}万` : numbers.format(value);

  // One record a point: { x, y, series, label, piece } with the pieces of a line between breaks counted.
  function points(chart) {
    const cuts = chart.breaks.filter((each) => each.cuts).map((each) => each.at).sort((a, b) => a - b);
    return chart.series.flatMap((series, s) =>
      chart.x.map((x, i) => ({
        x, y: series.values[i], s, label: series.label,
        note: series.notes ? series.notes[i] : "",
        piece: `${s}:${cuts.filter((at) => x >= at).length}`,
      })));
  }

  const told = (chart) => (d) =>
    `${d.x}${chart.series.length > 1 || d.label ? ` · ${d.label}` : ""}\n${shown(chart, d.y)}${d.note ? `\n${d.note}` : ""}`;

  function base(chart, width, height, room) {
    return {
      width, height, marginLeft: room.left, marginRight: room.right, marginTop: room.top || 24,
      marginBottom: room.bottom || 34,
      style: { fontFamily: "inherit", fontSize: "12.5px", color: INK, background: "transparent", overflow: "visible" },
      className: "nb-plot",
    };
  }

  function lines(chart, width) {
    const narrow = width < NARROW, all = points(chart), there = all.filter((d) => d.y !== null);
    const height = narrow ? 240 : 300;
    const beside = hasRoom(chart, width), room = beside && chart.series.length > 1 ? labelRoom(chart) : 18;
    const svg = Plot.plot({
      ...base(chart, width, height, { left: 54, right: room }),
      x: { type: "linear", domain: [chart.x[0] - 0.3, chart.x[chart.x.length - 1] + 0.3], ticks: thinned(chart, width - 54 - room), tickFormat: (x) => String(x), label: null },
      y: { grid: true, zero: true, label: null, tickFormat: onAxis(chart), ticks: steps(chart, there), domain: roof(there.map((d) => d.y)) },
      marks: [
        Plot.ruleY([0], { stroke: SOFT }),
        ...chart.series.map((_, s) => Plot.line(all.filter((d) => d.s === s), {
          x: "x", y: "y", z: "piece", stroke: colour(chart, s), strokeWidth: 2.2, strokeDasharray: DASHES[s % 8] || null,
        })),
        ...chart.series.map((_, s) => Plot.dot(there.filter((d) => d.s === s), {
          x: "x", y: "y", fill: colour(chart, s), symbol: SYMBOLS[s % 8], r: 3.6, stroke: "white", strokeWidth: 0.8,
        })),
        Plot.tip(there, Plot.pointer({ x: "x", y: "y", title: told(chart), fontSize: 12.5 })),
      ],
    });
    drawBreaks(svg, chart, (at) => svg.scale("x").apply(at - 0.5), height);
    if (beside && chart.series.length > 1) {
      const ends = chart.series.map((series, s) => there.filter((d) => d.s === s).pop()).filter(Boolean);
      besideIt(svg, chart, ends.map((d) => ({ y: svg.scale("y").apply(d.y), from: svg.scale("x").apply(d.x), text: d.label, s: d.s })), width - room + 14, height);
      return { svg };
    }
    return { svg, legend: chart.series.length > 1 };
  }

  function stack(chart, width) {
    const narrow = width < NARROW, all = points(chart).filter((d) => d.y !== null && d.y !== 0);
    const height = narrow ? 280 : 330, name = `nb-pattern-${identifier += 1}`;
    const beside = hasRoom(chart, width), room = beside ? labelRoom(chart) : 12;
    const svg = Plot.plot({
      ...base(chart, width, height, { left: 54, right: room }),
      x: { type: "band", domain: chart.x, label: null, tickFormat: (x) => String(x), padding: 0.25, ticks: thinned(chart, width - 54 - room), tickSize: 3 },
      y: { grid: true, label: null, tickFormat: chart.normalize ? (part) => `${Math.round(100 * part)}%` : onAxis(chart), ticks: 5 },
      color: { type: "identity" },
      marks: [
        Plot.barY(all, { x: "x", y: "y", z: "s", order: "s", fill: (d) => fillOf(chart, name, d.s), stroke: "white", strokeWidth: 1, offset: chart.normalize ? "normalize" : null }),
        Plot.ruleY([0], { stroke: SOFT }),
        Plot.tip(all, Plot.pointerX(Plot.stackY({ x: "x", y: "y", z: "s", order: "s", title: told(chart), fontSize: 12.5, offset: chart.normalize ? "normalize" : null }))),
      ],
    });
    addPatterns(svg, chart, name);
    const band = svg.scale("x");
    drawBreaks(svg, chart, (at) => {
      const next = chart.x.find((x) => x >= at);
      return next === undefined ? null : band.apply(next) - (band.step - band.bandwidth) / 2;
    }, height);
    if (!beside) return { svg, legend: true, pattern: name };
    const last = [...chart.x].reverse().find((x) => all.some((d) => d.x === x));
    let below = 0;
    const parts = all.filter((d) => d.x === last), whole = chart.normalize ? parts.reduce((sum, d) => sum + d.y, 0) : 1;
    const places = parts.map((d) => {
      const middle = (below + d.y / 2) / whole;
      below += d.y;
      return { y: svg.scale("y").apply(middle), from: band.apply(last) + band.bandwidth, text: d.label, s: d.s };
    });
    const unlabelled = chart.series.some((series, s) => !parts.some((d) => d.s === s) && all.some((d) => d.s === s));
    besideIt(svg, chart, places, width - room + 14, height);
    return { svg, legend: unlabelled, pattern: name };
  }

  function bars(chart, width) {
    if (!chart.horizontal) return standing(chart, width);
    const all = points(chart), left = Math.min(width * 0.42, 14 + 8.2 * Math.max(...chart.x.map(breadth)));
    const height = 30 + all.length * (22 + (chart.series.length > 1 ? 3 : 0));
    const below = all.some((d) => d.y < 0) ? 52 : 0;
    const svg = Plot.plot({
      ...base(chart, width, height, { left, right: 64, top: 6, bottom: 24 }),
      x: { grid: true, label: null, tickFormat: onAxis(chart), ticks: all.every((d) => Number.isInteger(d.y) && d.y < 5) ? steps(chart, all) : width < NARROW ? 3 : 6, zero: true, insetLeft: below },
      y: { type: "band", domain: chart.series.length > 1 ? chart.series.map((_, s) => s) : chart.x, label: null, axis: chart.series.length > 1 ? null : "left", tickSize: 0, padding: 0.2, tickFormat: (x) => cut(String(x), left / 8.2) },
      fy: chart.series.length > 1 ? { domain: chart.x, label: null, axis: "left", tickFormat: (x) => cut(String(x), left / 8.2), padding: 0.15 } : undefined,
      marks: [
        Plot.barX(all, { x: "y", y: chart.series.length > 1 ? "s" : "x", fy: chart.series.length > 1 ? "x" : undefined, fill: (d) => (chart.emphasis && d.x !== chart.emphasis ? "#9dbdcf" : colour(chart, d.s)) }),
        ...[true, false].map((above) => Plot.text(all.filter((d) => d.y !== null && d.y >= 0 === above), { x: "y", y: chart.series.length > 1 ? "s" : "x", fy: chart.series.length > 1 ? "x" : undefined, text: (d) => shown(chart, d.y), textAnchor: above ? "start" : "end", dx: above ? 4 : -4, fill: INK })),
        Plot.ruleX([0], { stroke: SOFT }),
      ],
    });
    return { svg, legend: chart.series.length > 1 };
  }

  function standing(chart, width) {
    const narrow = width < NARROW, all = points(chart), several = chart.series.length > 1;
    const height = narrow ? 240 : 290;
    const svg = Plot.plot({
      ...base(chart, width, height, { left: 54, right: 12 }),
      x: several ? { type: "band", domain: chart.series.map((_, s) => s), axis: null, padding: 0.05 } : { type: "band", domain: chart.x, label: null, padding: 0.3, tickFormat: (x) => String(x), ticks: thinned(chart, width - 66), tickSize: 3 },
      fx: several ? { domain: chart.x, label: null, tickFormat: (x) => String(x), padding: 0.2, axis: "bottom" } : undefined,
      y: { grid: true, label: null, tickFormat: onAxis(chart), ticks: steps(chart, all), zero: true },
      marks: [
        Plot.barY(all, { x: several ? "s" : "x", fx: several ? "x" : undefined, y: "y", fill: (d) => colour(chart, d.s) }),
        Plot.ruleY([0], { stroke: SOFT }),
        ...(several ? [] : [Plot.text(all.filter((d) => d.y !== null && !(narrow && chart.x.length > 8)), { x: "x", y: "y", text: (d) => onAxis(chart)(d.y), dy: -8, fill: INK })]),
        Plot.tip(all.filter((d) => d.y !== null), Plot.pointerX({ x: several ? "s" : "x", fx: several ? "x" : undefined, y: "y", title: told(chart), fontSize: 12.5 })),
      ],
    });
    if (!several) {
      const band = svg.scale("x");
      drawBreaks(svg, chart, (at) => {
        const next = chart.x.find((x) => x >= at);
        return next === undefined || next === chart.x[0] ? null : band.apply(next) - (band.step - band.bandwidth) / 2;
      }, height);
    }
    return { svg, legend: several };
  }

  // A row for each category: who stands where among its peers. The emphasised one is filled and bold.
  function dots(chart, width) {
    const all = points(chart).filter((d) => d.y !== null), left = Math.min(width * 0.42, 14 + 8.2 * Math.max(...chart.x.map(breadth)));
    const height = 36 + chart.x.length * 22, own = (d) => d.x === chart.emphasis;
    const svg = Plot.plot({
      ...base(chart, width, height, { left, right: 64, top: 6, bottom: 26 }),
      x: { grid: true, label: null, tickFormat: onAxis(chart), ticks: width < NARROW ? 3 : 6, zero: true, nice: true },
      y: { type: "point", domain: chart.x, label: null, tickSize: 0, tickFormat: (x) => cut(String(x), left / 8.2) },
      marks: [
        Plot.ruleY(chart.x, { stroke: LINE }),
        ...chart.series.map((_, s) => Plot.dot(all.filter((d) => d.s === s), {
          x: "y", y: "x", symbol: SYMBOLS[s % 8], r: 5, stroke: colour(chart, s), strokeWidth: 2,
          fill: (d) => (!chart.emphasis || own(d) ? colour(chart, s) : "white"),
        })),
        ...(chart.series.length > 1 ? [] : [Plot.text(all, { x: "y", y: "x", text: (d) => shown(chart, d.y), textAnchor: "start", dx: 10, fill: INK, fontWeight: (d) => (own(d) ? 700 : 400) })]),
        Plot.tip(all, Plot.pointer({ x: "y", y: "x", title: told(chart), fontSize: 12.5 })),
      ],
    });
    for (const text of svg.querySelectorAll("text")) if (chart.emphasis && text.textContent === chart.emphasis) text.setAttribute("font-weight", "700");
    return { svg, legend: chart.series.length > 1 };
  }

  // ---- Parts

  const breadth = (text) => [...String(text)].reduce((sum, each) => sum + (each > "\u2e80" ? 1.65 : 0.92), 0);
  const cut = (text, room) => {
    let sum = 0, kept = "";
    for (const each of text) {
      sum += breadth(each);
      if (sum > room - 1) return `${kept}…`;
      kept += each;
    }
    return text;
  };
  const labelRoom = (chart) => 30 + 8.3 * Math.max(...chart.series.map((series) => breadth(series.label)));
  const hasRoom = (chart, width) => width >= NARROW && labelRoom(chart) < width * 0.38;
  // The years that are written below an axis of that breadth: all, or every second, third … up to the last.
  const thinned = (chart, room) => {
    const step = Math.max(1, Math.ceil(chart.x.length / Math.max(1, Math.floor(room / 42))));
    return chart.x.filter((_, i) => (chart.x.length - 1 - i) % step === 0);
  };
  // Nothing is counted in halves.
  const steps = (chart, points) => {
    const most = Math.max(0, ...points.map((d) => d.y || 0));
    return chart.unit === "count" && most < 5 ? d3.range(0, Math.max(1, Math.ceil(most)) + 1) : 5;
  };
  const roof = (values) => [Math.min(0, ...values), Math.max(...values, 0) * 1.06 || 1];
  const colour = (chart, s) => COLOURS[(chart.series[s].tone === undefined ? s : chart.series[s].tone) % COLOURS.length];
  const fillOf = (chart, name, s) => (s % 2 ? `url(#${name}-${s})` : colour(chart, s));

  function element(name, attributes, text) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  }

  // Every other series of bars is hatched, so that neighbours differ without their colours.
  function addPatterns(svg, chart, name) {
    const defs = element("defs", {});
    for (let s = 1; s < chart.series.length; s += 2) {
      const pattern = element("pattern", { id: `${name}-${s}`, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: `rotate(${s % 4 === 1 ? 45 : -45})` });
      pattern.append(element("rect", { width: 6, height: 6, fill: colour(chart, s) }), element("rect", { width: 1.6, height: 6, fill: "white", "fill-opacity": 0.75 }));
      defs.append(pattern);
    }
    svg.prepend(defs);
  }

  function drawBreaks(svg, chart, place, height) {
    for (const each of chart.breaks) {
      const x = each.at > chart.x[0] && each.at <= chart.x[chart.x.length - 1] ? place(each.at) : null;
      if (x === null) continue;
      svg.append(
        element("line", { x1: x, x2: x, y1: 14, y2: height - 34, stroke: SOFT, "stroke-dasharray": "3 3" }),
        element("text", { x, y: 9, "text-anchor": "middle", "font-size": 11.5, fill: SOFT }, each.label),
      );
    }
  }

  // Labels beside what they name, pushed apart so that none covers another.
  function besideIt(svg, chart, places, x, height) {
    const sorted = [...places].sort((a, b) => a.y - b.y), gap = 15;
    let above = 8;
    for (const each of sorted) above = (each.at = Math.max(each.y, above + gap));
    let under = height - 20;
    for (const each of [...sorted].reverse()) under = (each.at = Math.min(each.at, under)) - gap;
    for (const each of sorted) {
      svg.append(
        element("polyline", { points: `${each.from + 5},${each.y} ${x - 8},${each.at} ${x - 3},${each.at}`, fill: "none", stroke: colour(chart, each.s), "stroke-width": 1, "stroke-opacity": 0.6 }),
        element("text", { x, y: each.at, dy: "0.35em", "font-size": 12.5, "font-weight": 600, "text-anchor": "start", fill: WORDS[COLOURS.indexOf(colour(chart, each.s))] }, each.text),
      );
    }
  }

  function legend(chart, pattern) {
    const list = document.createElement("ul");
    list.className = "nb-legend-list";
    list.setAttribute("aria-hidden", "true");
    const inOrder = chart.series.map((series, s) => [series, s]).filter(([series]) => series.values.some((value) => value));
    for (const [series, s] of chart.kind === "stack" ? inOrder.reverse() : inOrder) {
      const item = document.createElement("li"), mark = element("svg", { width: 26, height: 14, viewBox: "0 0 26 14" });
      if (chart.kind === "lines") {
        mark.append(element("line", { x1: 0, x2: 26, y1: 7, y2: 7, stroke: colour(chart, s), "stroke-width": 2.2, "stroke-dasharray": DASHES[s % 8] }),
          element("path", { d: d3.symbol(SHAPES[s % 8], 48)(), transform: "translate(13,7)", fill: colour(chart, s) }));
      } else if (chart.kind === "dots") {
        mark.append(element("path", { d: d3.symbol(SHAPES[s % 8], 60)(), transform: "translate(13,7)", fill: colour(chart, s) }));
      } else {
        mark.append(element("rect", { width: 26, height: 14, fill: pattern ? fillOf(chart, pattern, s) : colour(chart, s) }));
      }
      item.append(mark, document.createTextNode(` ${series.label}`));
      list.append(item);
    }
    return list;
  }

  const DRAWN = { lines, stack, bars, dots };
  const SHAPES = window.d3 ? [d3.symbolCircle, d3.symbolSquare, d3.symbolTriangle, d3.symbolDiamond, d3.symbolStar, d3.symbolWye, d3.symbolCross, d3.symbolCircle] : [];

  function draw(figure) {
    const chart = JSON.parse(figure.querySelector('script[type="application/json"]').textContent);
    const place = figure.querySelector(".nb-drawn");
    const width = Math.floor(place.clientWidth);
    if (!width || figure.dataset.width === String(width)) return;
    figure.dataset.width = String(width);
    const { svg, legend: wanted, pattern } = DRAWN[figure.dataset.kind](chart, width);
    // An image is one thing to a reader aloud: what Plot says of its parts is not for them.
    for (const part of svg.querySelectorAll("[aria-label], [aria-description]")) {
      part.removeAttribute("aria-label");
      part.removeAttribute("aria-description");
    }
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", `${chart.title}. ${chart.summary}`);
    place.replaceChildren(svg, ...(wanted ? [legend(chart, pattern)] : []));
    figure.classList.add("nb-is-drawn");
  }

  function start() {
    if (!window.Plot || !window.d3) return;
    const figures = document.querySelectorAll("figure.nb-chart");
    const seen = new ResizeObserver((entries) => {
      requestAnimationFrame(() => entries.forEach((entry) => draw(entry.target)));
    });
    for (const figure of figures) seen.observe(figure);
  }

  // A page is printed narrower than it is shown, and tables that are folded away are not printed at all.
  window.addEventListener("beforeprint", () => {
    for (const each of document.querySelectorAll("details.nb-figures")) each.open = true;
  });
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
