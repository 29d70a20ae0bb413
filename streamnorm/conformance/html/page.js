
"use strict";
// The table and all that was found stand in the page. This adds the filters, the panel of a cell, and the plots. Whatever came from
// outside is set as text, never as markup.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement, form = document.getElementById("filters"), panel = document.getElementById("panel");
  const table = document.getElementById("matrix"), hint = document.getElementById("hint"), tally = document.getElementById("tally");
  const heads = [...table.tHead.rows[0].cells].slice(1);
  const rows = [...table.querySelectorAll("tr[data-c]")];
  const at = new Map(data.cells.map((cell) => [cell[0] + " " + cell[1], cell]));
  const endpoints = heads.map((head) => head.querySelector(".name").textContent);
  const letters = data.letters, verdicts = data.verdicts;

  root.classList.add("js");
  form.hidden = false;
  table.setAttribute("role", "grid");

  const make = (name, text, kind) => {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  };
  const number = (count) => count.toLocaleString("en");

  // Filters. Their state is in the address, so that a view can be sent to someone.
  const fields = ["level", "area", "dialect", "q", "on"];
  const words = (text) => text.toLowerCase().split(/\s+/).filter(Boolean);
  const holds = (text, wanted) => wanted.every((word) => text.includes(word));
  const texts = rows.map((row) => row.cells[0].textContent.toLowerCase());

  function chosen() {
    const found = { verdict: [...form.elements.verdict].filter((box) => box.checked).map((box) => box.value) };
    for (const field of fields) found[field] = form.elements[field].value.trim();
    return found;
  }

  function filter() {
    const want = chosen(), search = words(want.q), on = words(want.on);
    const wanted = new Set(want.verdict.map((verdict) => letters[verdicts.indexOf(verdict)]));
    const columns = heads.map((head, column) =>
      holds(endpoints[column].toLowerCase(), on) && (!want.dialect || head.dataset.d.split(" ").includes(want.dialect)));
    heads.forEach((head, column) => { head.hidden = !columns[column]; });
    let shown = 0;
    rows.forEach((row, place) => {
      const fits = (!want.level || row.dataset.l === want.level)
        && (!want.area || row.parentElement.dataset.area === want.area)
        && (!want.dialect || !row.dataset.d || row.dataset.d.split(" ").includes(want.dialect))
        && holds(texts[place], search);
      let any = wanted.size === 0;
      for (let column = 0; column < heads.length; column++) {
        const cell = row.cells[column + 1], is = wanted.has(cell.className[0]);
        cell.hidden = !columns[column];
        cell.classList.toggle("dim", wanted.size > 0 && !is && cell.className !== "");
        any ||= is && columns[column];
      }
      row.hidden = !(fits && any);
      shown += !row.hidden;
    });
    for (const body of table.tBodies) body.hidden = ![...body.rows].some((row) => row.dataset.c && !row.hidden);
    const left = columns.filter(Boolean).length;
    tally.textContent = shown === rows.length && left === heads.length ? "" :
      `${number(shown)} of ${number(rows.length)} checks, ${number(left)} of ${number(heads.length)} endpoints`;
    settle();
  }

  function remember(open) {
    const state = new URLSearchParams(), want = chosen();
    if (want.verdict.length) state.set("verdict", want.verdict.join(","));
    for (const field of fields) if (want[field]) state.set(field, want[field]);
    if (open) { state.set("check", rows[open[0]].dataset.c); state.set("at", endpoints[open[1]]); }
    history.replaceState(null, "", "#" + state);
  }

  function recall() {
    const hash = location.hash.slice(1);
    if (!hash.includes("=")) return;
    const state = new URLSearchParams(hash), asked = (state.get("verdict") || "").split(",");
    for (const box of form.elements.verdict) box.checked = asked.includes(box.value);
    for (const field of fields) form.elements[field].value = state.get(field) || "";
    filter();
    const row = rows.findIndex((each) => each.dataset.c === state.get("check")), column = endpoints.indexOf(state.get("at"));
    if (row >= 0 && column >= 0) show(row, column);
  }

  // The grid: one cell takes part in the order of Tab, the arrow keys go from cell to cell.
  for (const link of table.querySelectorAll("tbody a")) link.tabIndex = -1;
  let place = [0, 0];
  const cellAt = (row, column) => rows[row].cells[column + 1];
  const isOpen = (row, column) => !rows[row].hidden && !heads[column].hidden;

  function settle() {
    table.querySelectorAll("td[tabindex]").forEach((cell) => cell.removeAttribute("tabindex"));
    if (!heads.length || !rows.length) return;
    if (!isOpen(...place)) {
      const row = rows.findIndex((each) => !each.hidden), column = heads.findIndex((head) => !head.hidden);
      if (row < 0 || column < 0) return;
      place = [row, column];
    }
    cellAt(...place).tabIndex = 0;
  }

  function go(row, column) {
    place = [row, column];
    settle();
    const cell = cellAt(row, column);
    cell.focus();
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  const steps = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] };
  table.addEventListener("keydown", (event) => {
    if (event.target.tagName !== "TD") return;
    const step = steps[event.key];
    if (step) {
      let [row, column] = place;
      do { row += step[0]; column += step[1]; } while (rows[row] && heads[column] && !isOpen(row, column));
      if (rows[row] && heads[column]) go(row, column);
    } else if (event.key === "Enter" || event.key === " ") {
      show(...place);
    } else return;
    event.preventDefault();
  });

  const spot = (target) => {
    const cell = target.closest && target.closest("td"), row = cell ? rows.indexOf(cell.parentElement) : -1;
    return row < 0 ? null : [row, cell.cellIndex - 1];
  };
  table.addEventListener("click", (event) => {
    const found = spot(event.target);
    if (!found || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    place = found;
    settle();
    show(...found);
  });

  // What a cell is, in a line at the foot, and the head of its column.
  function told(row, column) {
    const cell = at.get(row + " " + column);
    if (!cell) return "does not apply";
    return verdicts.map((verdict, which) => [cell[2][which], verdict]).filter(([count]) => count)
      .map(([count, verdict]) => `${number(count)} ${verdict}`).join(", ");
  }
  function point(event) {
    const found = spot(event.target);
    heads.forEach((head, column) => head.classList.toggle("on", !!found && found[1] === column));
    hint.textContent = found ? `${rows[found[0]].dataset.c}, ${endpoints[found[1]]}: ${told(...found)}` : "";
  }
  table.addEventListener("mouseover", point);
  table.addEventListener("focusin", point);

  // The panel of a cell.
  function show(row, column) {
    const cell = at.get(row + " " + column), check = rows[row].dataset.c;
    if (!cell) return;
    const body = document.getElementById("panel-body");
    body.replaceChildren();
    document.getElementById("panel-title").textContent = `${check}, ${endpoints[column]}`;
    const asks = document.getElementById("c-" + check);
    const head = make("div", "", "asks");
    const title = make("p");
    title.append(rows[row].querySelector(".lv").cloneNode(true));
    head.append(title, ...[...asks.querySelector("div").childNodes].map((node) => node.cloneNode(true)));
    body.append(head);
    const total = cell[2].reduce((sum, count) => sum + count);
    body.append(make("p", `${number(total)} exchange${total === 1 ? "" : "s"}: ${told(row, column)}.`, "counts"));
    if (cell[5]) body.append(make("p", `${cell[5]}.`));
    for (const [reason, count] of cell[3]) body.append(make("p", `Skipped ${number(count)}×: ${data.reasons[reason]}.`, "meta"));
    const finding = document.getElementById(`f-${check}-${column}`);
    if (finding) {
      for (const part of finding.querySelectorAll(":scope > .breaks, :scope > .x, :scope > .more")) body.append(part.cloneNode(true));
    }
    for (const exchange of cell[4]) {
      const part = make("section", "", "x"), figure = make("figure");
      figure.dataset.x = exchange;
      figure.append(make("figcaption", data.exchanges[exchange][2]));
      part.append(make("h5", data.exchanges[exchange][0]), figure);
      body.append(part);
    }
    if (!panel.open) panel.showModal();
    document.getElementById("panel-title").focus();
    body.querySelectorAll("figure").forEach(draw);
    panel.scrollTop = 0;
    place = [row, column];
    remember(place);
  }

  const red = (row, column) => isOpen(row, column) && /^[fni]/.test(cellAt(row, column).className)
    && !cellAt(row, column).classList.contains("dim");
  panel.addEventListener("click", (event) => {
    if (event.target === panel || event.target.closest("[data-close]")) return panel.close();
    const button = event.target.closest("[data-go]");
    if (!button) return;
    const size = rows.length, step = Number(button.dataset.go);
    // Down the column, then on to the next.
    for (let gone = 1; gone < size * heads.length; gone++) {
      const next = (place[1] * size + place[0] + step * gone + size * heads.length * 2) % (size * heads.length);
      if (red(next % size, Math.floor(next / size))) return show(next % size, Math.floor(next / size));
    }
  });
  panel.addEventListener("close", () => { remember(null); go(...place); });

  // Plots.
  const SVG = "http://www.w3.org/2000/svg", WIDEST = 680, LEFT = 46, RIGHT = 12;
  const KINDS = { t: "text", r: "reasoning", a: "arguments", ".": "other frames", d: "[DONE]" };
  const kindClass = (kind) => (kind === "." ? "o" : kind);
  const DASHES = ["", "two", "three", "four"];

  function draw(figure) {
    const timeline = (data.exchanges[figure.dataset.x] || [])[1];
    if (!timeline) return;
    const [frames, shown, kinds, times, first, firstAt, pause, growth] = timeline;
    const WIDTH = Math.max(280, Math.min(WIDEST, figure.clientWidth));
    const tall = growth.length > 0 ? 190 : 92, base = tall - 26, lane = [22, 46];
    const svg = part("svg", { viewBox: `0 0 ${WIDTH} ${tall}`, width: WIDTH, height: tall, role: "img" });
    svg.setAttribute("aria-label", figure.textContent);
    const from = times ? Math.min(0, times[0]) : 1, until = times ? Math.max(times[times.length - 1], 1) : Math.max(frames, 2);
    const x = (value) => LEFT + (WIDTH - LEFT - RIGHT) * (value - from) / (until - from);
    const time = new Map(shown.map((frame, which) => [frame, times ? times[which] : frame]));
    // A frame that is not shown has the place of the one before it.
    const when = (frame) => {
      let found = time.get(frame), before = frame;
      while (found === undefined && before > 1) found = time.get(--before);
      return found === undefined ? from : found;
    };
    function part(name, attributes, text) {
      const made = document.createElementNS(SVG, name);
      for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
      if (text) made.textContent = text;
      return made;
    }
    const put = (name, attributes, text) => svg.appendChild(part(name, attributes, text));
    const unit = (value) => !times ? String(Math.round(value)) : until < 100 ? `${Math.round(value)} ms` :
      `${(value / 1000).toFixed(until < 2000 ? 2 : 1)} s`;

    if (pause && until > from) {
      const [start, end] = [x(when(pause[0])), x(when(pause[1]))];
      // Only one that stands out: longer than two waits of the mean.
      if (end - start > 2 * (WIDTH - LEFT - RIGHT) / Math.max(1, frames - 1)) {
        put("rect", { class: "pause", x: start, y: lane[0] - 4, width: end - start, height: base - lane[0] + 4 });
        if (end - start > 36) put("text", { x: (start + end) / 2, y: lane[1] + 16, "text-anchor": "middle" }, unit(pause[2]));
      }
    }
    shown.forEach((frame, which) => {
      const place = x(times ? times[which] : frame);
      put("line", { class: kindClass(kinds[which]), x1: place, x2: place, y1: lane[0], y2: lane[1], "stroke-width": 1.5 });
    });
    put("text", { x: LEFT - 6, y: lane[1] - 8, "text-anchor": "end" }, "frames");
    put("line", { class: "axis", x1: LEFT, x2: WIDTH - RIGHT, y1: base, y2: base });
    const ticks = times ? 4 : Math.min(4, until - from);
    for (let tick = 0; tick <= ticks; tick++) {
      const value = from + (until - from) * tick / ticks;
      put("text", { x: x(value), y: base + 15, "text-anchor": tick === 0 ? "start" : tick === ticks ? "end" : "middle" },
        tick === 0 && !times ? `frame ${unit(value)}` : unit(value));
    }
    if (growth.length) {
      const top = Math.max(1, ...growth.map((line) => line[2][line[2].length - 1][1]));
      const y = (value) => base - (base - lane[1] - 26) * value / top;
      put("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(top), y2: y(top) });
      put("text", { x: LEFT - 6, y: y(top) + 4, "text-anchor": "end" }, number(top));
      put("text", { x: LEFT - 6, y: base, "text-anchor": "end" }, "0");
      put("text", { x: WIDTH - RIGHT, y: y(top) - 5, "text-anchor": "end" }, "characters");
      let calls = 0;
      growth.forEach((line) => {
        const dash = line[1] === "a" ? DASHES[calls++ % DASHES.length] : "";
        let path = `M${x(when(line[2][0][0]))} ${base}`;
        let level = base;
        for (const [frame, length] of line[2]) {
          path += `L${x(when(frame))} ${level}L${x(when(frame))} ${y(length)}`;
          level = y(length);
        }
        put("path", { class: `line ${kindClass(line[1])} ${dash}`, d: path });
      });
    }
    if (first) {
      const place = x(firstAt === null ? first : firstAt);
      put("line", { class: "first", x1: place, x2: place, y1: 12, y2: base });
      put("text", { class: "strong", x: place + (place > WIDTH - 120 ? -4 : 4), y: 13, "text-anchor": place > WIDTH - 120 ? "end" : "start" },
        `first token ${times ? unit(firstAt) : "in frame " + first}`);
    }
    for (const mark of (figure.dataset.marks || "").split(" ").filter(Boolean)) {
      const [frame, moment] = mark.split(":");
      const place = x(times && moment !== "" ? Number(moment) : when(Number(frame)));
      const made = put("path", { class: "mark", d: `M${place} ${lane[1] + 2}l5 9h-10z` });
      made.append(part("title", {}, `frame ${frame}`));
    }
    figure.prepend(svg, key(kinds, growth, figure.dataset.marks));
  }

  function key(kinds, growth, marks) {
    const list = make("ul", "", "key");
    const add = (kind, dash, words) => {
      const item = make("li"), svg = document.createElementNS(SVG, "svg"), line = document.createElementNS(SVG, "path");
      svg.setAttribute("width", 22);
      svg.setAttribute("height", 8);
      svg.setAttribute("aria-hidden", "true");
      line.setAttribute("class", kind === "mark" ? "mark" : `line ${kind} ${dash}`);
      line.setAttribute("d", kind === "mark" ? "M11 0l4 8h-8z" : "M0 4h22");
      svg.append(line);
      item.append(svg, words);
      list.append(item);
    };
    let calls = 0;
    for (const [name, kind] of growth) add(kindClass(kind), kind === "a" ? DASHES[calls++ % DASHES.length] : "", name);
    const grown = new Set(growth.map((line) => line[1]));
    for (const kind of Object.keys(KINDS)) if (kinds.includes(kind) && !grown.has(kind)) add(kindClass(kind), "", KINDS[kind]);
    if (marks) add("mark", "", "what was found");
    return list;
  }

  form.addEventListener("input", () => { filter(); remember(null); });
  form.addEventListener("reset", () => setTimeout(() => { filter(); remember(null); }));
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", recall);
  settle();
  recall();
})();
