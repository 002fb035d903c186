/* The county map of the wall goes round its towns by itself: the town is outlined, the rest steps back, its numbers are said.
   A map marked data-close moves to the town. Maps of hidden pages wait. */
(function () {
  "use strict";
  var every = 1000 * Number(document.getElementById("life").dataset.townSeconds);
  var spots = {};

  function token(name) {
    return window.getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  }

  function still() {
    return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  }

  // The world but for the town, as a ring with holes: what is not looked at is dimmed.
  function around(feature) {
    var shape = feature.geometry;
    var parts = shape.type === "Polygon" ? [shape.coordinates] : shape.coordinates;
    var holes = parts.map(function (part) { return part[0].map(function (point) { return [point[1], point[0]]; }); });
    return [[[-89, -179], [-89, 179], [89, 179], [89, -179]]].concat(holes);
  }

  // Only the close map dims: on the map of the whole county a dimmed class would look like another.
  function layersOf(feature, size, isClose) {
    var veil = window.L.polygon(around(feature), {
      stroke: false, fillColor: token("surface"), fillOpacity: 0.8, interactive: false, pane: "spot"
    });
    var line = window.L.geoJSON(feature, {
      style: { color: token("ink"), weight: size / 5, fill: false, interactive: false }, interactive: false, pane: "spot"
    });
    return window.L.layerGroup(isClose ? [veil, line] : [line]);
  }

  function look(feature, id) {
    var box = window.L.geoJSON(feature).getBounds();
    window.yiping.map.moveTo(id, [box.getWest(), box.getSouth(), box.getEast(), box.getNorth()], !still());
  }

  function spotlight(tour, town) {
    var id = tour.dataset.map;
    var scene = window.yiping.map.scene(id);
    if (!scene || !scene.key) { return; }
    var layer = scene.level === "town" ? "town" : "outline-" + scene.level;
    window.yiping.map.geometry(layer, scene.key).then(function (shapes) {
      window.yiping.map.ready(id, function (map) {
        var feature = shapes.features.filter(function (one) { return one.properties.code === town; })[0];
        if (spots[id]) { spots[id].remove(); spots[id] = null; }
        if (!feature) { return; }
        if (!map.getPane("spot")) { map.createPane("spot").style.zIndex = 440; }
        var size = parseFloat(window.getComputedStyle(document.documentElement).fontSize);
        var isClose = tour.dataset.close === "true";
        spots[id] = layersOf(feature, size, isClose).addTo(map);
        if (isClose) { look(feature, id); }
      });
    }).catch(function () {});
  }

  function step(tour) {
    var stops = Array.from(tour.children);
    if (!stops.length) { return; }
    var at = (Number(tour.dataset.at || -1) + 1) % stops.length;
    tour.dataset.at = String(at);
    mark(tour);
    spotlight(tour, stops[at].dataset.town);
  }

  // New data keeps the town that is looked at.
  function mark(tour) {
    var town = (tour.children[Number(tour.dataset.at || 0)] || { dataset: {} }).dataset.town;
    tour.closest(".wall-page").querySelectorAll("[data-town]").forEach(function (row) {
      row.classList.toggle("is-now", row.dataset.town === town);
    });
  }

  function go() {
    document.querySelectorAll(".wall-page.is-shown .tour").forEach(step);
  }

  window.setInterval(go, every);
  // A page that comes up shows its next town at once (yiping.tour is made by a later script).
  document.addEventListener("DOMContentLoaded", function () { window.yiping.tour.atPageChange(function () { go(); }); });
  new window.MutationObserver(function (found) {
    var added = found.some(function (change) { return change.addedNodes.length && change.target.classList; });
    if (added) { document.querySelectorAll(".tour").forEach(mark); }
  }).observe(document.body, { childList: true, subtree: true });
})();
