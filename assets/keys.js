/* The keyboard: u goes up one level, / to the first filter, ? lists the keys; Enter picks in a table. Never while
   somebody types, and all of it can be switched off (WCAG 2.1.4); the choice stays on this machine. */
(function () {
  "use strict";
  var make = window.yiping.make;
  var STORE = "yiping-keys";
  var LIST = [["u", "上一级（事项 → 网格 → 村社区 → 乡镇 → 全县）"], ["/", "到第一个筛选项"], ["?", "显示这张表"], ["回车", "在表格中选中所在行"], ["退出键", "撤销在曲线上框选的时段"]];
  var dialog = null;

  function isOn() {
    try { return window.localStorage.getItem(STORE) !== "off"; } catch (_) { return true; }
  }

  function keepChoice(on) {
    try { window.localStorage.setItem(STORE, on ? "on" : "off"); } catch (_) { /* a closed store: on until reload */ }
  }

  function build() {
    var box = make("dialog", { "class": "keys" }), list = make("div", { "class": "keys-list" }), foot = make("div", { "class": "keys-foot" });
    var label = make("label"), choice = make("input"), close = make("button", { type: "button", "class": "bar-button", text: "关闭" });
    box.setAttribute("aria-label", "快捷键");
    LIST.forEach(function (row) {
      list.append(make("kbd", { text: row[0] }), make("span", { text: row[1] }));
    });
    choice.type = "checkbox";
    choice.addEventListener("change", function () { keepChoice(choice.checked); });
    close.addEventListener("click", function () { box.close(); });
    label.append(choice, "启用快捷键");
    foot.append(label, close);
    box.append(make("h2", { text: "快捷键" }), list, foot);
    box.choice = choice;
    document.body.append(box);
    return box;
  }

  function show() {
    dialog = dialog || build();
    dialog.choice.checked = isOn();
    if (!dialog.open) { dialog.showModal(); }
  }

  function up() {
    var above = document.querySelectorAll(".crumbs .crumb");
    if (above.length) { above[above.length - 1].click(); }
  }

  function toFilter() {
    var toggle = document.querySelector('[data-toggle="filter-bar"][aria-expanded="false"]');
    if (toggle && toggle.offsetParent) { toggle.click(); }
    var first = document.getElementById("filter-period");
    if (first) { first.focus(); }
  }

  var KEYS = { u: up, "/": toFilter, "?": show };

  function isTyping(target) {
    return Boolean(target.closest && target.closest("input, textarea, select, [contenteditable], [role=listbox], dialog"));
  }

  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || isTyping(event.target)) { return; }
    var cell = event.key === "Enter" && event.target.closest ? event.target.closest(".ag-cell") : null;
    if (cell) { cell.click(); return; }
    if (KEYS[event.key] && isOn()) {
      event.preventDefault();
      KEYS[event.key]();
    }
  });

  document.addEventListener("click", function (event) {
    if (event.target.closest && event.target.closest("[data-keys]")) { show(); }
  });
})();
