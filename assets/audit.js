/* 审计: verification, counts and records, asked for while the page is there. Everything is written as text. */
(function () {
  "use strict";
  var ROOT = "/api/v1/audit", TABLE = "audit-table", EVENT = "data-audit-event";
  var make = window.yiping.make;
  var through = null;

  function part(name) { return document.getElementById("audit-" + name); }

  // Asks, and hands over what comes while the page is still there; what fails is said in the element `name`.
  function ask(path, name, act) {
    return window.yiping.exports.ask(ROOT + path).then(function (said) {
      if (part(name)) { act(part(name), said); }
    }).catch(function (problem) {
      if (part(name)) { part(name).textContent = problem.message; }
    });
  }

  // --- verification ---------------------------------------------------------------------------------------------------

  function verify() {
    var box = part("verdict");
    if (box.getAttribute("aria-busy") === "true") { return; }
    box.setAttribute("aria-busy", "true");
    box.dataset.state = "busy";
    box.textContent = "◌ 正在核验……";
    ask("/verification", "verdict", function (_, said) { draw(said); }).then(function () { box.removeAttribute("aria-busy"); });
  }

  function draw(said) {
    var box = part("verdict");
    box.dataset.state = said.is_whole ? "whole" : "broken";
    box.replaceChildren(
      make("span", { "aria-hidden": "true", text: said.is_whole ? "✓" : "✕" }),
      make("b", { text: said.is_whole ? "完整" : "不完整" }),
      make("span", { text: said.words })
    );
    part("head").textContent = said.count ? "末条 第 " + said.head.seq + " 条 " + said.head.hash : "";
  }

  // --- counts ---------------------------------------------------------------------------------------------------------

  function count() {
    ask("/counts", "counts", function (box, said) {
      box.replaceChildren.apply(box, said.events.filter(function (one) { return one.count; }).map(counter));
      said.events.forEach(function (one) { field("event").append(make("option", { value: one.event, text: one.name })); });
    });
  }

  function counter(one) {
    var button = make("button", { type: "button", "class": "reason", "aria-pressed": "false" }, [
      make("span", { text: one.name }), make("span", { text: one.count.toLocaleString("en-US") })
    ]);
    button.setAttribute(EVENT, one.event);
    return button;
  }

  function press(button) {
    field("event").value = button.getAttribute("aria-pressed") === "true" ? "" : button.getAttribute(EVENT);
    change();
  }

  // --- conditions -----------------------------------------------------------------------------------------------------

  function field(name) { return document.getElementById("audit-by-" + name); }

  function labelled(name, words, control) {
    control.id = "audit-by-" + name;
    return make("label", { "class": "audit-field" }, [make("span", { "class": "choice-name", text: words }), control]);
  }

  function conditions() {
    return [
      labelled("event", "事件", make("select", { "class": "explore-match" }, [make("option", { value: "", text: "全部" })])),
      labelled("name", "姓名", make("input", { type: "search", "class": "explore-match", maxlength: "40", autocomplete: "off" })),
      labelled("since", "自", make("input", { type: "date", "class": "explore-match" })),
      labelled("until", "至（含）", make("input", { type: "date", "class": "explore-match" })),
      make("span", { "class": "panel-space" }),
      make("span", { id: "audit-total", "class": "panel-note" }),
      make("button", { type: "button", id: "audit-export", "class": "bar-button", text: "导出 CSV" })
    ];
  }

  function dayAfter(day) {
    var date = new Date(day + "T00:00:00Z");
    date.setUTCDate(date.getUTCDate() + 1);
    return date.toISOString().slice(0, 10);
  }

  function wanted() {
    var said = new URLSearchParams();
    ["event", "name", "since"].forEach(function (name) {
      var value = field(name).value.trim();
      if (value) { said.set(name, value); }
    });
    if (field("until").value) { said.set("until", dayAfter(field("until").value)); }
    return said;
  }

  // --- records --------------------------------------------------------------------------------------------------------

  function rows(params) {
    var said = wanted();
    said.set("offset", params.startRow);
    said.set("limit", params.endRow - params.startRow);
    if (params.startRow > 0 && through !== null) { said.set("through", through); }
    window.yiping.exports.ask(ROOT + "?" + said).then(function (found) {
      through = found.through;
      tell("", "共 " + found.total.toLocaleString("en-US") + " 条");
      params.successCallback(found.rows.map(row), found.total);
    }).catch(function (problem) {
      tell(problem.message, "");
      params.successCallback([], 0);
    });
  }

  function tell(fault, total) {
    if (!part("said")) { return; }
    part("said").textContent = fault;
    part("total").textContent = total;
  }

  function row(record) {
    return Object.assign({}, record, { pick: String(record.seq), at: record.at.slice(0, 19).replace("T", " ") });
  }

  function change() {
    document.querySelectorAll("[" + EVENT + "]").forEach(function (button) {
      button.setAttribute("aria-pressed", String(button.getAttribute(EVENT) === field("event").value));
    });
    window.dash_ag_grid.getApiAsync(TABLE).then(fill);
  }

  // dash-ag-grid gives the grid a source of its own when it is ready: ours comes after that one.
  function fill(api) {
    if (api.isDestroyed()) { return; }
    if (!api.getGridOption("datasource")) { window.requestAnimationFrame(function () { fill(api); }); return; }
    api.setGridOption("datasource", { getRows: rows });
    api.paginationGoToFirstPage();
  }

  function hand(button) {
    button.setAttribute("aria-busy", "true");
    window.yiping.forPurpose(button, function (purpose) {
      return window.yiping.exports.fetchFile(ROOT + "/export?" + wanted() + "&" + purpose);
    }).then(function () { tell("", part("total").textContent); }, function (problem) {
      tell(problem.message, part("total").textContent);
    }).then(function () { button.removeAttribute("aria-busy"); });
  }

  // --- the page comes and goes ------------------------------------------------------------------------------------------

  window.yiping.onGrowth(function () {
    var box = part("conditions");
    if (!box || box.children.length || !window.dash_ag_grid) { return; }
    box.replaceChildren.apply(box, conditions());
    count();
    verify();
    change();
  });
  document.addEventListener("click", function (event) {
    var button = event.target.closest ? event.target.closest("button") : null;
    if (!button) { return; }
    if (button.id === "audit-again") { verify(); }
    if (button.id === "audit-export" && button.getAttribute("aria-busy") !== "true") { hand(button); }
    if (button.hasAttribute(EVENT)) { press(button); }
  });
  document.addEventListener("change", function (event) {
    if (event.target.id && event.target.id.indexOf("audit-by-") === 0) { change(); }
  });
})();
