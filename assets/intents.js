/* What the reader does becomes one message, {pick}, {drop} or {set}, in the "intent" store; the server answers with a new state.
   Anything with data-pick="town:990108001" or data-set="town=&village=" takes part: no callback per button. */
(function () {
  "use strict";
  var serial = 0;

  function message(kind, text) {
    serial += 1;
    var data = { at: Date.now() + serial / 1000 };
    data[kind] = text;
    return data;
  }

  function send(kind, text) {
    window.dash_clientside.set_props("intent", { data: message(kind, text) });
  }

  function keep() {
    return window.dash_clientside.no_update;
  }

  document.addEventListener("click", function (event) {
    var toggle = event.target.closest ? event.target.closest("[data-toggle]") : null;
    if (toggle) {
      var box = document.getElementById(toggle.dataset.toggle);
      toggle.setAttribute("aria-expanded", String(box.classList.toggle("is-open")));
    }
    var target = event.target.closest ? event.target.closest("[data-pick],[data-drop],[data-set]") : null;
    if (!target) { return; }
    ["pick", "drop", "set"].forEach(function (kind) {
      if (target.dataset[kind] !== undefined) { send(kind, target.dataset[kind]); }
    });
  });

  function writeAddress(query) {
    if (typeof query !== "string") { return keep(); }
    var wanted = window.location.pathname + "?" + query;
    if (wanted !== window.location.pathname + window.location.search) {
      // Not Location.search: its router would build the whole page again.
      window.history.replaceState(window.history.state, "", wanted);
    }
    return "";
  }

  function pickFromChart(click) {
    var point = click && click.points && click.points[0];
    var pick = point && point.customdata;
    if (Array.isArray(pick)) { pick = pick[0]; }
    return typeof pick === "string" && pick.indexOf(":") > 0 ? message("pick", pick) : keep();
  }

  function pickFromGrid(click) {
    var row = click && click.rowId;
    return typeof row === "string" && row.indexOf(":") > 0 ? message("pick", row) : keep();
  }

  function navigate(query, current) {
    var links = document.querySelectorAll(".nav-link");
    return Array.prototype.map.call(links, function (link) {
      var path = link.getAttribute("href").split("?")[0];
      link.classList.toggle("is-current", path === current);
      if (path === current) { link.setAttribute("aria-current", "page"); } else { link.removeAttribute("aria-current"); }
      var own = query || (path === "/wuhua" ? "severity=general" : "");
      return own ? path + "?" + own : path;
    });
  }

  function setMetric(metric, query) {
    if (!metric) { return keep(); }
    var current = new URLSearchParams(query || "").get("metric") || "accepted";
    return metric === current ? keep() : message("set", "metric=" + metric);
  }

  window.yiping = window.yiping || {};
  window.yiping.pick = function (text) { send("pick", text); };
  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.yiping = Object.assign(window.dash_clientside.yiping || {}, {
    writeAddress: writeAddress,
    pickFromChart: pickFromChart,
    pickFromGrid: pickFromGrid,
    setMetric: setMetric,
    navigate: navigate
  });
})();
