// The reader picks a kernel series, and each of the kernel's names says where that series has it.
// Without this script the names lead to the page that lists all series.
"use strict";

(function () {
  const key = "kmaplab-series";

  function keep(series) {
    try { localStorage.setItem(key, series); } catch (error) { /* a browser may forbid it */ }
  }

  function kept() {
    try { return localStorage.getItem(key); } catch (error) { return null; }
  }

  function show(series, places) {
    for (const link of document.querySelectorAll("a.k")) {
      const where = (places[link.hash.slice(1)] || {})[series];
      link.title = `Linux ${series}: ` + (where || "does not have it");
    }
    for (const cell of document.querySelectorAll("[data-series]")) {
      cell.classList.toggle("chosen", cell.dataset.series === series);
    }
  }

  // The theme has two landmarks of one kind, which a screen reader must tell apart.
  function nameAsides() {
    for (const [kind, name] of [["sidebar", "All pages"], ["toc", "This page"]]) {
      const aside = document.querySelector(`aside.${kind}-drawer`);
      if (aside) { aside.setAttribute("aria-label", name); }
    }
  }

  // What is wider than its place scrolls; without a mouse only what has the focus does. All else
  // stays out of the way of the Tab key.
  function reachWhatScrolls(within) {
    const kinds = [["pre", "Code"], [".table-wrapper", "Table"]];
    for (const [kind, name] of kinds) {
      // Some have the focus by themselves.
      const every = [...within.querySelectorAll(kind)].filter((one) =>
        one.dataset.scrolls || !one.hasAttribute("tabindex"));
      const scrolls = every.map((one) =>
        one.scrollWidth > one.clientWidth || one.scrollHeight > one.clientHeight);
      every.forEach((one, at) => {
        if (scrolls[at]) {
          one.dataset.scrolls = one.tabIndex = 0;
          one.setAttribute("role", "group");
          one.setAttribute("aria-label", name);
        } else {
          for (const attribute of ["data-scrolls", "tabindex", "role", "aria-label"]) {
            one.removeAttribute(attribute);
          }
        }
      });
    }
  }

  function begin() {
    nameAsides();
    reachWhatScrolls(document);
    window.addEventListener("resize", () => reachWhatScrolls(document));
    // What was folded has no width.
    document.addEventListener("toggle", (event) => reachWhatScrolls(event.target), true);
    // What is folded is printed, too.
    window.addEventListener("beforeprint", () => {
      for (const one of document.querySelectorAll("details")) { one.open = true; }
    });
    const places = window.kernelNames;
    if (!places || !document.querySelector("a.k, [data-series]")) { return; }
    const every = window.kernelSeries;
    const box = document.createElement("div");
    box.className = "series";
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", "Kernel series");
    const label = document.createElement("label");
    label.textContent = "Names as in Linux ";
    const select = document.createElement("select");
    for (const series of every) { select.append(new Option(series, series)); }
    select.value = every.includes(kept()) ? kept() : every[0];
    const output = document.createElement("output");
    label.append(select);
    box.append(label, output);
    const main = document.querySelector("[role=main]") || document.body;
    main.append(box);
    select.addEventListener("change", () => { keep(select.value); show(select.value, places); });
    const tell = (event) => {
      const link = event.target.closest && event.target.closest("a.k");
      if (link) { output.textContent = `${link.textContent}: ${link.title}`; }
    };
    document.addEventListener("focusin", tell);
    document.addEventListener("mouseover", tell);
    show(select.value, places);
  }

  document.addEventListener("DOMContentLoaded", begin);
})();
