/* Small dialogs that belong to a button: beside it on a desk, a sheet from below on a phone. And the one way in which
   our scripts ask the API. */
(function () {
  "use strict";
  var make = window.yiping.make;

  function place(box, anchor) {
    var at = anchor.getBoundingClientRect(), width = box.offsetWidth, height = box.offsetHeight, edge = 12;
    var below = at.bottom + 6, above = at.top - 6 - height;
    var top = below + height > window.innerHeight - edge && above > edge ? above : below;
    box.style.left = Math.max(edge, Math.min(at.left, window.innerWidth - width - edge)) + "px";
    box.style.top = Math.max(edge, Math.min(top, window.innerHeight - height - edge)) + "px";
  }

  // Opens a dialog with a title; gives its body and a way to close it. Escape and a click beside it close it too.
  function sheet(anchor, title) {
    var close = make("button", { type: "button", "class": "sheet-close", "aria-label": "关闭", text: "✕" });
    var body = make("div", { "class": "sheet-body" });
    var box = make("dialog", { "class": "sheet", "aria-label": title }, [
      make("header", { "class": "sheet-head" }, [make("h2", { text: title }), close]), body
    ]);
    function end() { box.close(); }
    function settle() { place(box, anchor); }
    close.addEventListener("click", end);
    box.addEventListener("click", function (event) { if (event.target === box) { end(); } });
    box.addEventListener("close", function () { box.remove(); });
    document.body.append(box);
    box.showModal();
    settle();
    return { body: body, close: end, settle: settle };
  }

  function ask(method, path, said) {
    var options = { method: method, headers: { "Accept": "application/json" }, credentials: "same-origin" };
    if (said !== undefined) {
      options.headers["Content-Type"] = "application/json";
      options.body = JSON.stringify(said);
    }
    return window.fetch("/api/v1" + path, options).catch(function () {
      throw new Error("连接中断，没有保存，请稍后再试");
    }).then(function (answer) {
      return answer.text().then(function (text) {
        var body = null;
        try { body = text ? JSON.parse(text) : null; } catch (_) { /* not ours: the status says enough */ }
        if (!answer.ok) { throw new Error(body && body.error ? body.error : "服务器没有完成（" + answer.status + "），请再试一次"); }
        return body;
      });
    });
  }

  // A button that deletes at its second click; what goes wrong is said on the button.
  function removal(look, label, path, done) {
    var button = make("button", { type: "button", "class": look, text: "删除", "aria-label": label });
    button.addEventListener("click", function () {
      if (button.textContent === "删除") { button.textContent = "确认删除"; return; }
      ask("DELETE", path).then(done, function (error) { button.textContent = error.message; });
    });
    return button;
  }

  function field(label, control) {
    return make("label", { "class": "sheet-field" }, [make("span", { text: label }), control]);
  }

  function tick(label, on) {
    var box = make("input", { type: "checkbox" });
    box.checked = Boolean(on);
    return { box: box, line: make("label", { "class": "sheet-tick" }, [box, label]) };
  }

  // Who signs: asked for once, then shown with a way to change it.
  // The name of whoever is logged in is known and stays.
  function signature(name, isKnown) {
    var box = make("input", { type: "text", maxlength: "20", required: "", autocomplete: "off", placeholder: "写一次即可" });
    box.value = name || "";
    box.readOnly = Boolean(isKnown);
    return { box: box, line: field("署名", box) };
  }

  window.yiping = window.yiping || {};
  Object.assign(window.yiping, { sheet: sheet, ask: ask, field: field, removal: removal, tick: tick, signature: signature });
})();
