/* 分析: the controls of a view, the order and column conditions of a grid that is sorted on the server, and 查找.
   All end as one {set} in the address; the server reads it back. */
(function () {
  "use strict";
  var functions = (window.dashAgGridFunctions = window.dashAgGridFunctions || {});
  var serial = 0, asked = {};
  var SIGNS = { equals: "=", notEqual: "!=", greaterThan: ">", greaterThanOrEqual: ">=", lessThan: "<", lessThanOrEqual: "<=" };

  function keep() { return window.dash_clientside.no_update; }

  function set(key, value) { window.yiping.set(key + "=" + encodeURIComponent(value)); }

  // A control tells the address only what the page does not show already.
  function choose(value, view, id) {
    var key = id.split("-").pop(), said = Array.isArray(value) ? value.join(",") : value || "";
    if (key === "groups" && !said) { said = "none"; }
    if (!view || view[key] === undefined || view[key] === said) { return keep(); }
    serial += 1;
    return { at: Date.now() + serial / 1000, set: key + "=" + encodeURIComponent(said) };
  }

  // What the address came to, into a control that stands otherwise.
  function showChoice(view, value, id) {
    var said = view && view[id.split("-").pop()];
    if (said === undefined) { return; }
    var isList = Array.isArray(value), wanted = isList ? said.split(",").filter(function (one) { return one && one !== "none"; }) : said;
    if (String(wanted) !== String(value)) { window.dash_clientside.set_props(id, { value: wanted }); }
  }

  // Only what the reader did: the grid also reports what it is told by the address.
  functions.sortedByReader = function (event) {
    if (event.source !== "uiColumnSorted") { return; }
    var column = event.api.getColumnState().filter(function (one) { return one.sort; })[0];
    set("sorted", column ? (column.sort === "desc" ? "-" : "") + column.colId : "");
  };

  functions.limitedByReader = function (event) {
    if (event.source !== "columnFilter") { return; }
    var model = event.api.getFilterModel();
    set("limits", Object.keys(model).map(function (column) {
      var said = model[column];
      return column + (said.type === "contains" ? "~" : SIGNS[said.type]) + String(said.filter).replace(/;/g, " ");
    }).join(";"));
  };

  functions.openCase = function (event) {
    if (event.data && event.data.case_id) { set("case", event.data.case_id); }
  };

  // Enter on a cell is the click of those without a mouse.
  functions.openCaseByKey = function (event) {
    if (event.event && event.event.key === "Enter") { functions.openCase(event); }
  };

  functions.pickByKey = function (event) {
    var row = event.node && event.node.id;
    if (event.event && event.event.key === "Enter" && typeof row === "string" && row.indexOf(":") > 0) { window.yiping.pick(row); }
  };

  // A new question: forget the rows of the old one. The first one is asked by the grid itself.
  function askAgain(question, id) {
    if (!question) { return; }
    window.dash_ag_grid.getApiAsync(id).then(function (api) {
      var key = JSON.stringify(question);
      if (asked[id] && asked[id].api === api && asked[id].key === key) { return; }
      asked[id] = { api: api, key: key };
      if (question.limits && JSON.stringify(api.getFilterModel()) !== JSON.stringify(question.limits)) {
        api.setFilterModel(question.limits);
      }
      api.purgeInfiniteCache();
      api.paginationGoToFirstPage();
    });
  }

  var timer = null;
  document.addEventListener("input", function (event) {
    if (!event.target.id || event.target.id !== "explore-match") { return; }
    window.clearTimeout(timer);
    timer = window.setTimeout(function () { set("match", event.target.value.trim()); }, 350);
  });

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.yiping = Object.assign(window.dash_clientside.yiping || {}, { choose: choose, showChoice: showChoice, askAgain: askAgain });
})();
