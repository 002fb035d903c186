/* AG Grid: Chinese texts, and one cell renderer that prints a number with its state and provenance for tests and readers. */
(function () {
  "use strict";
  var functions = (window.dashAgGridFunctions = window.dashAgGridFunctions || {});
  var components = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});

  functions.localeText = function (params) {
    if (params.key === "noRowsToShow") { return "没有符合条件的行"; }
    var texts = window.agGridLocaleZhCN || {};
    return texts[params.key] === undefined ? params.defaultValue : texts[params.key];
  };

  functions.fullCount = function (value) {
    return typeof value === "number" ? value.toLocaleString("en-US") : "-";
  };

  functions.leaveGrid = function () { return false; };

  function raw(cell) {
    return cell && cell.state === "ok" && cell.value !== "" ? Number(cell.value) : null;
  }

  // What has no number stands last, whichever way the column is sorted.
  functions.compareMeasures = function (one, other, rowOne, rowOther, isDescending) {
    var a = raw(one), b = raw(other);
    if (a === null || b === null) {
      var order = (a === null ? 1 : 0) - (b === null ? 1 : 0);
      return isDescending ? -order : order;
    }
    return a - b;
  };

  // A cell is {text, moved, verdict, title, state, metric, value, n, total, by, code}, a new object with every answer: the grid draws a
  // cell again only when its value changed, and “3/7” may change while there is no number. Text nodes only: data
  // cannot become markup.
  components.Measure = function (props) {
    var cell = props.value;
    if (!cell) { return null; }
    var attributes = { className: "measure", "data-state": cell.state, title: cell.title };
    ["metric", "value", "n", "total", "by", "code"].forEach(function (name) {
      if (cell[name] !== undefined && cell[name] !== null) { attributes["data-" + name] = String(cell[name]); }
    });
    var number = window.React.createElement("span", attributes, cell.text);
    if (!cell.moved) { return number; }
    var change = window.React.createElement("span", { className: "moved is-" + cell.verdict }, cell.moved);
    return window.React.createElement("span", { className: "measure-moved", title: cell.title }, number, change);
  };
})();
