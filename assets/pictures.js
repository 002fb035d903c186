/* ⤓ 图片: a panel as PNG or SVG, with title, conditions, 截至, batch, 演示数据 and 口径 in the picture itself, so that it
   can be understood wherever it is pasted. One listener for all panels; the same file name as the other exports. */
(function () {
  "use strict";
  var make = window.yiping.make;
  var PAD = 24, GAP = 10, SCALE = 2, LEAST = 400;
  var menu = null;

  function token(name) { return window.getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim(); }

  // --- the frame around the drawing ----------------------------------------------------------------------------------

  var pen = document.createElement("canvas").getContext("2d");

  function broken(text, size, room) {
    var family = window.getComputedStyle(document.body).fontFamily, found = [""];
    pen.font = size + "px " + family;
    Array.from(text).forEach(function (letter) {
      var last = found[found.length - 1] + letter;
      // A closing mark never begins a line.
      if (pen.measureText(last).width > room && "，。；、：）》”".indexOf(letter) < 0) { found.push(letter.trim()); } else { found[found.length - 1] = last; }
    });
    return found;
  }

  function Page(width) {
    this.width = width;
    this.top = PAD;
    this.svg = window.yiping.drawing.node("svg", { xmlns: "http://www.w3.org/2000/svg", lang: "zh-CN" });
    this.ground = window.yiping.drawing.node("rect", { fill: token("surface") }, this.svg);
  }

  Page.prototype.say = function (text, size, look) {
    var page = this, leading = Math.round(size * 1.5);
    broken(text, size, this.width - 2 * PAD).forEach(function (line) {
      var written = window.yiping.drawing.node("text", {
        x: PAD, y: page.top + Math.round(size * 1.1), fill: token(look.ink || "ink"), "font-size": size,
        "font-weight": look.weight || 400, "font-family": window.getComputedStyle(document.body).fontFamily
      }, page.svg);
      written.textContent = line;
      page.top += leading;
    });
  };

  Page.prototype.badge = function (text) {
    pen.font = "13px " + window.getComputedStyle(document.body).fontFamily;
    var wide = pen.measureText(text).width + 20, x = this.width - PAD - wide;
    window.yiping.drawing.node("rect", { x: x, y: PAD, width: wide, height: 24, rx: 3, fill: "none", stroke: token("demo-line") }, this.svg);
    window.yiping.drawing.node("text", {
      x: x + 10, y: PAD + 17, fill: token("demo"), "font-size": 13, "font-family": window.getComputedStyle(document.body).fontFamily
    }, this.svg).textContent = text;
  };

  Page.prototype.rule = function () {
    this.top += GAP;
    window.yiping.drawing.node("line", { x1: PAD, x2: this.width - PAD, y1: this.top, y2: this.top, stroke: token("line") }, this.svg);
    this.top += GAP;
  };

  Page.prototype.put = function (drawn, left) {
    var shift = window.yiping.drawing.node("g", { transform: "translate(" + (PAD - left) + " " + (this.top - drawn.from) + ")" }, this.svg);
    shift.appendChild(drawn.group);
    this.top += drawn.height - drawn.from;
  };

  Page.prototype.done = function () {
    var high = Math.ceil(this.top + PAD / 2);
    [this.svg, this.ground].forEach(function (element) { element.setAttribute("height", high); });
    [this.svg, this.ground].forEach(function (element) { element.setAttribute("width", this.width); }, this);
    this.svg.setAttribute("viewBox", "0 0 " + this.width + " " + high);
    return { text: new XMLSerializer().serializeToString(this.svg), width: this.width, height: high };
  };

  function textOf(panel, selector) {
    var found = panel.querySelector(selector);
    return found ? found.textContent.trim() : "";
  }

  function definitions(panel) {
    return Array.from(panel.querySelectorAll(".hint-card .hint-item")).map(function (item) {
      return textOf(item, "b") + "：" + item.children[1].textContent.trim();
    });
  }

  // How far down the panel's own heading reaches: the picture has a heading of its own.
  function headEnd(panel) {
    var head = panel.querySelector(".panel-head, .page-head");
    return head ? head.getBoundingClientRect().bottom - panel.getBoundingClientRect().top : 0;
  }

  function compose(panel, title, facts) {
    var style = window.getComputedStyle(panel), edge = { left: parseFloat(style.paddingLeft), right: parseFloat(style.paddingRight) };
    return window.yiping.drawing.draw(panel).then(function (drawn) {
      var page = new Page(Math.max(Math.ceil(drawn.width - edge.left - edge.right) + 2 * PAD, LEAST)), note = textOf(panel, ".panel-note");
      drawn.from = headEnd(panel);
      if (facts.demo) { page.badge(facts.demo); }
      page.say(title, 20, { weight: 600 });
      page.say([facts.county, facts.filters_in_words].filter(Boolean).join(" · "), 13, { ink: "ink-soft" });
      if (note) { page.say(note, 13, { ink: "ink-soft" }); }
      page.top += GAP;
      page.put(drawn, edge.left);
      page.rule();
      page.say("数据截至 " + facts.as_of.slice(0, 16).replace("T", " ") + " · 批次 " + facts.snapshot.replace(/^snap-/, ""), 12, { ink: "ink-soft" });
      page.say("导出人 " + facts.mark, 12, { ink: "ink-soft" });
      definitions(panel).forEach(function (line) { page.say("口径 " + line, 11, { ink: "ink-soft" }); });
      if (drawn.missing) { page.say("底图来自其他主机，不在图片中", 11, { ink: "notice" }); }
      return page.done();
    });
  }

  // --- files ---------------------------------------------------------------------------------------------------------

  function raster(made) {
    return new Promise(function (resolve, reject) {
      var image = new Image(), address = window.URL.createObjectURL(new Blob([made.text], { type: "image/svg+xml" }));
      image.onload = function () {
        var sheet = document.createElement("canvas");
        sheet.width = made.width * SCALE;
        sheet.height = made.height * SCALE;
        sheet.getContext("2d").drawImage(image, 0, 0, sheet.width, sheet.height);
        window.URL.revokeObjectURL(address);
        sheet.toBlob(function (blob) { if (blob) { resolve(blob); } else { reject(new Error("图片过大，请改用 SVG")); } }, "image/png");
      };
      image.onerror = function () { reject(new Error("图片没有画成，请再试一次")); };
      image.src = address;
    });
  }

  function take(button, kind, purpose) {
    var panel = document.getElementById(button.dataset.picture), exports = window.yiping.exports;
    var title = textOf(panel, ".panel-title, .own-name") || button.dataset.title, asked = new URLSearchParams(exports.question());
    asked.set("format", kind);
    asked.set("panel", panel.id);
    return exports.ask("/api/v1/pictures?" + asked + "&" + purpose, "POST").then(function (facts) {
      return compose(panel, title, facts).then(function (made) {
        return kind === "svg" ? new Blob([made.text], { type: "image/svg+xml" }) : raster(made);
      }).then(function (blob) {
        exports.save(blob, title.replace(/[^\p{L}\p{N}（）-]+/gu, "_") + "_" + facts.name + "." + kind);
      });
    });
  }

  // --- the menu ------------------------------------------------------------------------------------------------------

  function close(refocus) {
    if (!menu) { return; }
    var button = menu.button;
    menu.remove();
    menu = null;
    button.setAttribute("aria-expanded", "false");
    if (refocus) { button.focus(); }
  }

  function choice(button, said, kind, word) {
    var item = make("button", { type: "button", "class": "picture-choice", role: "menuitem", text: word });
    item.addEventListener("click", function () {
      window.yiping.forPurpose(item, function (purpose) {
        said.textContent = "正在画……";
        return take(button, kind, purpose);
      }).then(function () { close(true); }).catch(function (problem) { said.textContent = problem.message; });
    });
    return item;
  }

  function open(button) {
    var said = make("div", { "class": "picture-said", role: "status" }), at = button.getBoundingClientRect();
    var box = make("div", { "class": "picture-menu", role: "menu", "aria-label": button.getAttribute("aria-label") }, [
      choice(button, said, "png", "图片 PNG"), choice(button, said, "svg", "矢量图 SVG"), said
    ]);
    box.style.top = at.bottom + window.scrollY + 4 + "px";
    box.style.right = document.documentElement.clientWidth - at.right - window.scrollX + "px";
    box.button = button;
    document.body.append(box);
    menu = box;
    button.setAttribute("aria-expanded", "true");
    box.querySelector("button").focus();
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest ? event.target.closest("[data-picture]") : null;
    var was = menu && menu.button;
    if (menu && !menu.contains(event.target)) { close(false); }
    if (button && button !== was) { open(button); }
  });

  document.addEventListener("keydown", function (event) {
    if (!menu) { return; }
    var items = Array.from(menu.querySelectorAll("button")), at = items.indexOf(document.activeElement);
    if (event.key === "Escape") { close(true); }
    if (event.key === "Tab") { close(true); }
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      items[(at + (event.key === "ArrowDown" ? 1 : items.length - 1)) % items.length].focus();
    }
  });
})();
