/* Watermark: who looks at this page and when, faintly over all of it, on paper as well. Drawn on a canvas, so that no
   name can become markup. The wall, which everybody in a hall looks at, and the log-in have none. */
(function () {
  "use strict";
  var make = window.yiping.make;
  var SIZE = 15, TURN = -Math.PI / 8, GAP = 90, FINE = 2;
  var sheet = null;

  function two(number) { return String(number).padStart(2, "0"); }

  function now() {
    var at = new Date();
    return at.getFullYear() + "-" + two(at.getMonth() + 1) + "-" + two(at.getDate()) + " " + two(at.getHours()) + ":" + two(at.getMinutes());
  }

  function tile(text) {
    var canvas = make("canvas"), pen = canvas.getContext("2d"), style = window.getComputedStyle(document.body);
    var font = SIZE + "px " + style.fontFamily, wide, high;
    pen.font = font;
    wide = Math.ceil(pen.measureText(text).width * Math.cos(TURN)) + GAP;
    high = Math.ceil(pen.measureText(text).width * Math.sin(-TURN)) + GAP;
    canvas.width = wide * FINE;
    canvas.height = high * FINE;
    pen.scale(FINE, FINE);
    pen.translate(wide / 2, high / 2);
    pen.rotate(TURN);
    pen.font = font;
    pen.fillStyle = style.color;
    pen.textAlign = "center";
    pen.fillText(text, 0, 0);
    return { address: canvas.toDataURL(), size: wide + "px " + high + "px" };
  }

  function draw() {
    var reader = document.getElementById("head-reader"), text = reader && reader.dataset.mark + " " + now(), drawn;
    if (!reader || (sheet && sheet.dataset.text === text)) { return; }
    if (!sheet) {
      sheet = make("div", { "class": "watermark", "aria-hidden": "true" });
      document.body.append(sheet);
    }
    drawn = tile(text);
    sheet.dataset.text = text;
    sheet.style.backgroundImage = "url(" + drawn.address + ")";
    sheet.style.backgroundSize = drawn.size;
  }

  window.yiping.onGrowth(function () { if (!sheet) { draw(); } });
  window.setInterval(draw, 10000);
})();
