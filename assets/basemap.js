/* The base map under a county map, where the county has configured one: `yiping.basemap.attach(map)`.
   Tiles that fail leave the map as it is; after eight failures in a row we stop asking for a minute. */
(function () {
  "use strict";
  var GIVE_UP = 8;
  var AGAIN_MS = 60000;
  var asked = null;

  function describe() {
    if (!asked) {
      asked = window.fetch("/api/v1/basemap").then(function (answer) {
        if (!answer.ok) { throw new Error(String(answer.status)); }
        return answer.json();
      }).then(function (said) { return said.basemap; }).catch(function () { asked = null; return null; });
    }
    return asked;
  }

  // Leaflet's own attribution takes HTML; this one is text.
  function credit(map, text) {
    if (!text) { return; }
    var box = document.createElement("div");
    box.className = "map-credit";
    box.textContent = text;
    var control = new window.L.Control({ position: "bottomright" });
    control.onAdd = function () { return box; };
    control.addTo(map);
  }

  function mark(map, shown) {
    map.getContainer().classList.toggle("has-basemap", shown);
  }

  // A page that was left has taken its map away.
  function isThere(map) {
    var frame = map.getContainer();
    return Boolean(frame && frame.isConnected);
  }

  function watch(map, layer) {
    var failed = 0;
    layer.on("tileload", function () { failed = 0; });
    layer.on("tileerror", function () {
      failed += 1;
      if (failed < GIVE_UP || !map.hasLayer(layer)) { return; }
      failed = 0;
      map.removeLayer(layer);
      mark(map, false);
      window.setTimeout(function () { if (isThere(map)) { add(map, layer); } }, AGAIN_MS);
    });
  }

  function add(map, layer) {
    layer.addTo(map);
    mark(map, true);
  }

  function draw(map, said) {
    if (!said || !isThere(map)) { return false; }
    var layer = window.L.tileLayer(said.url, {
      minZoom: said.min_zoom, maxNativeZoom: said.max_zoom, maxZoom: 24, tms: said.is_tms
    });
    watch(map, layer);
    add(map, layer);
    credit(map, said.attribution);
    return true;
  }

  // Promises whether there is a base map now; never rejects. A map that has one keeps it.
  function attach(map) {
    if (!map.yipingBasemap) {
      map.yipingBasemap = describe().then(function (said) { return draw(map, said); }).catch(function () { return false; });
    }
    return map.yipingBasemap;
  }

  window.yiping = window.yiping || {};
  window.yiping.basemap = { attach: attach };
})();
