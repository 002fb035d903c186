/* AG Grid: Chinese texts, and one cell renderer that prints a number with its state and provenance for tests and readers. */
(function () {
  "use strict";
  var functions = (window.dashAgGridFunctions = window.dashAgGridFunctions || {});
  var components = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});

  functions.localeText = function (params) {
    var texts = window.agGridLocaleZhCN || {};
    return texts[params.key] === undefined ? params.defaultValue : texts[params.key];
  };

  functions.fullCount = function (value) {
    return typeof value === "number" ? value.toLocaleString("en-US") : "-";
  };

  // Rows carry {field: raw, "field$": {text, title, state, metric, n, total, by, code}}; text nodes only, so data cannot become markup.
  components.Measure = function (props) {
    var cell = props.data && props.data[props.colDef.field + "$"];
    if (!cell) { return null; }
    var attributes = { className: "measure", "data-state": cell.state, title: cell.title };
    ["metric", "value", "n", "total", "by", "code"].forEach(function (name) {
      if (cell[name] !== undefined && cell[name] !== null) { attributes["data-" + name] = String(cell[name]); }
    });
    return window.React.createElement("span", attributes, cell.text);
  };
})();
