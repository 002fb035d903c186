/* Interim: asks for the pulse and shows the time. The branch `life` brings the machinery that proves a wall alive. */
(function () {
  "use strict";
  var known = null;

  function text(id, words) {
    var box = document.getElementById(id);
    if (box) { box.textContent = words; }
  }

  function beat() {
    var bridge = window.dash_clientside;
    if (!document.getElementById("wall") || !bridge || !bridge.set_props) { return; }
    window.fetch("/api/v1/pulse").then(function (answer) { return answer.json(); }).then(function (said) {
      text("asof", "数据截至 " + said.as_of.slice(5, 16).replace("T", " "));
      if (said.snapshot === known) { return; }
      known = said.snapshot;
      bridge.set_props("pulse", { data: said });
    });
  }

  function tick() {
    text("clock", new Date().toTimeString().slice(0, 5));
    if (!known) { beat(); }
  }

  window.setInterval(tick, 500);
  window.setInterval(beat, Number(document.getElementById("life").dataset.interval));
})();
