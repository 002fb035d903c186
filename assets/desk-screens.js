/* 屏幕健康: the list of walls, read anew at every pulse while the page is open. Everything is written as text. */
(function () {
  "use strict";
  var make = window.yiping.make;
  var asking = false;

  function cell(row, words, className) {
    var made = make("td", { "class": className || "", text: words });
    row.append(made);
    return made;
  }

  function current(isCurrent, words) {
    return (isCurrent ? "✓ 现用 " : "▲ 旧 ") + words;
  }

  function remover(screen) {
    return make("button", {
      type: "button", "class": "bar-button", text: "移除", "aria-label": "从清单移除 " + (screen.name || "未命名"), "data-screen": screen.id
    });
  }

  function line(screen) {
    var row = make("tr", { "data-screen": screen.id, "data-state": screen.is_online ? "online" : "offline" });
    cell(row, screen.is_online ? "● 在线" : "✕ 离线", "screens-state");
    cell(row, screen.name || "未命名");
    cell(row, screen.page);
    cell(row, window.yiping.life.span(screen.silent_seconds * 1000) + "前");
    cell(row, current(screen.is_current_build, screen.build), screen.is_current_build ? "" : "is-old");
    cell(row, current(screen.is_current_snapshot, screen.snapshot.replace(/^snap-/, "")), screen.is_current_snapshot ? "" : "is-old");
    cell(row, screen.width + "×" + screen.height + (screen.pixel_ratio === 1 ? "" : " @" + screen.pixel_ratio));
    cell(row, screen.heap_mb === null ? "–" : screen.heap_mb + " MB");
    cell(row, "").append(remover(screen));
    return row;
  }

  // A row is replaced only where it changed, so that a button in use keeps its place and focus.
  function draw(said) {
    var body = document.getElementById("screen-rows");
    if (!body) { return; }
    var there = new Map(Array.from(body.children, function (row) { return [row.dataset.screen, row]; }));
    said.screens.forEach(function (screen, at) {
      var fresh = line(screen), old = there.get(screen.id);
      there.delete(screen.id);
      if (!old) { body.insertBefore(fresh, body.children[at] || null); return; }
      old.dataset.state = fresh.dataset.state;
      Array.from(fresh.children).slice(0, -1).forEach(function (made, column) {
        old.children[column].textContent = made.textContent;
        old.children[column].className = made.className;
      });
    });
    there.forEach(function (row) { row.remove(); });
    document.getElementById("screens-empty").hidden = said.screens.length > 0;
  }

  function read() {
    if (asking || !document.getElementById("screen-rows")) { return; }
    asking = true;
    window.fetch("/api/v1/screens", { cache: "no-store", signal: AbortSignal.timeout(10000) }).then(function (answer) {
      if (!answer.ok) { throw new Error(String(answer.status)); }
      return answer.json();
    }).then(draw).catch(function () { /* the band says that the server is gone */ }).then(function () { asking = false; });
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest ? event.target.closest("button[data-screen]") : null;
    if (!button) { return; }
    window.fetch("/api/v1/screens/" + button.dataset.screen, { method: "DELETE" }).then(read, read);
  });
  document.addEventListener("yiping:life", function (event) { if (!event.detail.missed) { read(); } });
})();
