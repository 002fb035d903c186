/* A chart for those who do not see it: its finding is its name, 看数据 opens its numbers as a table. Both come with the
   figure (layout.meta, see figures/told.py). Text nodes only: data cannot become markup. */
(function () {
  "use strict";
  var make = window.yiping.make;
  var dialog = null;

  function meta(plot) {
    return (plot && plot.layout && plot.layout.meta) || {};
  }

  function name(plot) {
    var picture = plot.closest(".chart-picture");
    if (!picture) { return; }
    var finding = meta(plot).finding, label = picture.dataset.label;
    picture.setAttribute("aria-label", finding ? label + "：" + finding : label);
  }

  // A plot tells when it is drawn; only new ones must be found.
  function adopt() {
    document.querySelectorAll(".chart-picture .js-plotly-plot:not([data-named])").forEach(function (plot) {
      if (!plot.on) { return; }
      plot.dataset.named = "";
      plot.on("plotly_afterplot", function () { name(plot); });
      name(plot);
    });
  }

  function row(tag, cells, scope) {
    var line = make("tr");
    cells.forEach(function (text, place) {
      var isHead = tag === "th" || place === 0;
      var cell = make(isHead ? "th" : "td", { "class": place ? "is-right" : "", text: text });
      if (isHead) { cell.scope = tag === "th" ? "col" : scope; }
      line.append(cell);
    });
    return line;
  }

  function build() {
    var box = make("dialog", { "class": "keys chart-numbers" }), foot = make("div", { "class": "keys-foot" });
    var close = make("button", { type: "button", "class": "bar-button", text: "关闭" });
    close.addEventListener("click", function () { box.close(); });
    foot.append(make("span"), close);
    box.append(make("h2"), make("p", { "class": "chart-finding" }), make("div", { "class": "table-box" }), foot);
    box.lastElementChild.previousElementSibling.tabIndex = 0;
    document.body.append(box);
    return box;
  }

  function show(button) {
    var plot = document.querySelector("#" + CSS.escape(button.dataset.chart) + " .js-plotly-plot");
    var told = meta(plot), table = make("table", { "class": "table" }), head = make("thead"), body = make("tbody");
    dialog = dialog || build();
    var parts = dialog.children;
    parts[0].textContent = button.closest(".chart").querySelector(".chart-picture").dataset.label;
    dialog.setAttribute("aria-label", parts[0].textContent);
    parts[1].textContent = told.finding || "图中还没有数据";
    head.append(row("th", told.heads || [], "col"));
    (told.rows || []).forEach(function (cells) { body.append(row("td", cells, "row")); });
    table.append(head, body);
    parts[2].replaceChildren(table);
    dialog.showModal();
    parts[2].scrollTop = 0;
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest && event.target.closest(".chart-data");
    if (button) { show(button); }
  });
  window.yiping.onGrowth(adopt);
})();
