// Adds to a page that is whole without it: stepping, copying, the theme, keys.
// Text from the run only ever goes through textContent and the clipboard.
"use strict";
(() => {
  const all = (selector, within = document) => Array.from(within.querySelectorAll(selector));
  const one = (selector, within = document) => within.querySelector(selector);
  const said = one("#said");
  let saying = 0;

  function say(text) {
    said.textContent = text;
    clearTimeout(saying);
    saying = setTimeout(() => { said.textContent = ""; }, 1600);
  }

  // Copying. From file:// the clipboard may be refused; selecting the text is the next best.
  function copy(button) {
    const text = button.dataset.copy;
    const failed = () => {
      const shown = button.parentElement.querySelector("pre");
      if (shown) getSelection().selectAllChildren(shown);
      say(shown ? "Selected: copy it with the keyboard" : "Copying was refused");
    };
    if (!navigator.clipboard) return failed();
    navigator.clipboard.writeText(text).then(() => say("Copied"), failed);
  }
  for (const button of all("button.copy")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }

  // Theme: what the system says, until the reader chooses. Storage may be refused.
  const root = document.documentElement;
  const themes = {
    read() { try { return localStorage.getItem("tribunal-theme"); } catch { return null; } },
    write(theme) { try { localStorage.setItem("tribunal-theme", theme); } catch { /* not kept */ } },
  };
  function showTheme(theme) {
    if (theme === "dark" || theme === "light") root.dataset.theme = theme;
  }
  function switchTheme() {
    const dark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    const theme = dark ? "light" : "dark";
    showTheme(theme);
    themes.write(theme);
  }
  showTheme(themes.read());
  const themeButton = one("#theme");
  themeButton.hidden = false;
  themeButton.addEventListener("click", switchTheme);

  // Stepping through a counterexample: 0 is before the first step.
  function stepper(section) {
    const rows = all("tr.ordered", section).concat(all("tr.refused", section));
    const bars = all("g.op", section);
    const now = one(".now", section);
    let at = 0;
    function show() {
      const row = at > 0 ? rows[at - 1] : null;
      for (const each of rows) each.classList.toggle("on", each === row);
      const past = new Set(rows.slice(0, at).map((each) => each.dataset.bar));
      for (const bar of bars) bar.classList.toggle("on", past.has(bar.dataset.bar));
      one(".drawing", section).classList.toggle("stepping", at > 0);
      if (!row) {
        now.textContent = "Press → to step through the legal order.";
        return;
      }
      const cells = Array.from(row.cells, (cell) => cell.textContent);
      now.textContent = `${cells[0]}  ${cells[1]} (${cells[2]}): ${cells[4]}`;
      const bar = bars.find((each) => each.dataset.bar === row.dataset.bar);
      if (bar) reveal(bar, one(".drawing", section));
    }
    function step(by) {
      at = Math.max(0, Math.min(rows.length, at + by));
      show();
    }
    one(".stepper", section).hidden = rows.length === 0;
    one(".back", section).addEventListener("click", () => step(-1));
    one(".forth", section).addEventListener("click", () => step(1));
    show();
    return { section, step, reset() { at = 0; show(); } };
  }

  // Scrolls a wide drawing sideways, never the page.
  function reveal(bar, drawing) {
    const inner = bar.getBoundingClientRect();
    const outer = drawing.getBoundingClientRect();
    if (inner.left < outer.left || inner.right > outer.right) {
      drawing.scrollLeft += inner.left - outer.left - 120;
    }
  }

  const steppers = all("section.counterexample").map(stepper);
  let current = 0;
  function go(to) {
    if (to < 0 || to >= steppers.length) return;
    current = to;
    steppers[to].section.scrollIntoView();
    steppers[to].section.focus({ preventScroll: true });
  }
  steppers.forEach((each, position) => {
    const choose = () => { current = position; };
    each.section.addEventListener("focusin", choose);
    each.section.addEventListener("pointerdown", choose);
  });

  // A crosshair through all strips, with its time.
  function crosshair(group) {
    const make = (name, kind) => {
      const element = document.createElementNS(group.namespaceURI, name);
      element.setAttribute("class", kind);
      return group.appendChild(element);
    };
    const [left, right, top, bottom, end] =
      ["left", "right", "top", "bottom", "end"].map((name) => Number(group.dataset[name]));
    const line = make("path", "cross");
    const label = make("text", "cross-label");
    const svg = group.ownerSVGElement;
    group.setAttribute("visibility", "hidden");
    svg.addEventListener("pointermove", (event) => {
      const box = svg.getBoundingClientRect();
      const x = (event.clientX - box.left) * svg.viewBox.baseVal.width / box.width;
      const within = x >= left && x <= right;
      group.setAttribute("visibility", within ? "visible" : "hidden");
      if (!within) return;
      line.setAttribute("d", `M${x} ${top}V${bottom}`);
      const flip = x > right - 70;
      label.setAttribute("x", flip ? x - 5 : x + 5);
      label.setAttribute("y", bottom - 5);
      label.setAttribute("text-anchor", flip ? "end" : "start");
      label.textContent = `${((x - left) / (right - left) * end / 1000).toFixed(3)} s`;
    });
    svg.addEventListener("pointerleave", () => group.setAttribute("visibility", "hidden"));
  }
  const cross = one("#crosshair");
  if (cross) crosshair(cross);

  // Keys, unless something is being written or a drawing scrolled by them.
  const sections = all("main > section");
  const keys = {
    ArrowRight() { if (steppers.length) steppers[current].step(1); },
    ArrowLeft() { if (steppers.length) steppers[current].step(-1); },
    Escape() { if (steppers.length) steppers[current].reset(); },
    n() { go(current + 1); },
    p() { go(current - 1); },
    t: switchTheme,
    c() { const button = one("header button.copy"); if (button) copy(button); },
    "?"() {
      const help = one("#reading details");
      help.open = true;
      help.scrollIntoView();
    },
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target instanceof Element ? event.target : document.body;
    if (target.closest("input, textarea, select, [contenteditable]")) return;
    const digit = /^[1-9]$/.test(event.key) ? sections[Number(event.key) - 1] : null;
    const act = digit ? () => digit.scrollIntoView() : keys[event.key];
    if (!act || !(digit || Object.hasOwn(keys, event.key))) return;
    act();
    if (event.key.startsWith("Arrow") && steppers.length) event.preventDefault();
  });

  // A printed page has nothing folded; what was folded is folded again afterwards.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = all("details:not([open])");
    for (const each of opened) each.open = true;
  });
  addEventListener("afterprint", () => {
    for (const each of opened) each.open = false;
  });
})();
