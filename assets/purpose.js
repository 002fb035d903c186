/* 用途: what a file is for is asked before it leaves, and stands in the file and in the audit trail. The last answer is
   offered again until the tab is closed or its reader logs out. */
(function () {
  "use strict";
  var make = window.yiping.make;
  var STORE = "yiping-purpose", LEAST = 2, MOST = 100;
  var USUAL = ["会议材料", "数据核对", "上级要求", "督办跟进"];

  function last() {
    try { return window.sessionStorage.getItem(STORE) || ""; } catch (_) { return ""; }
  }

  function keep(text) {
    try { window.sessionStorage.setItem(STORE, text); } catch (_) { /* a closed store: asked anew each time */ }
  }

  function chips(field) {
    var box = make("div", { "class": "purpose-usual", role: "group", "aria-label": "常用" });
    USUAL.forEach(function (word) {
      var chip = make("button", { type: "button", "class": "offer-file", text: word });
      chip.addEventListener("click", function () { field.value = word; field.focus(); });
      box.append(chip);
    });
    return box;
  }

  function wordsOf(field) { return field.value.replace(/[\u3000\s]+/g, " ").trim(); }

  // Asks beside a button what the file is for; answers with the words, with none where the reader leaves it.
  function ask(button) {
    return new Promise(function (resolve) {
      var sheet = window.yiping.sheet(button, "这份文件的用途"), box = sheet.body.parentNode, found = "";
      var field = make("input", { type: "text", maxlength: String(MOST), autocomplete: "off", "aria-describedby": "purpose-why" });
      var wrong = make("div", { "class": "sheet-wrong", role: "alert" });
      var form = make("form", { "class": "sheet-form" }, [
        window.yiping.field("用途", field), chips(field),
        make("p", { "class": "purpose-why", id: "purpose-why", text: "用途、姓名、时间记入审计，并写在文件里。" }),
        wrong, make("button", { type: "submit", "class": "sheet-main", text: "导出" })
      ]);
      field.value = last();
      form.addEventListener("submit", function (event) {
        event.preventDefault();
        if (wordsOf(field).length < LEAST) { wrong.textContent = "请写明用途，至少 " + LEAST + " 个字"; field.focus(); return; }
        found = wordsOf(field);
        keep(found);
        sheet.close();
      });
      // The list that the button stands in takes a press or Escape elsewhere for its own end.
      ["mousedown", "touchstart", "keydown", "click"].forEach(function (kind) {
        box.addEventListener(kind, function (event) { event.stopPropagation(); });
      });
      box.addEventListener("close", function () { resolve(found); });
      sheet.body.append(form);
      sheet.settle();
      field.focus();
      field.select();
    });
  }

  // Does `work` with what the file is for, written as a part of its address; nothing where nobody says.
  window.yiping.forPurpose = function (button, work) {
    return ask(button).then(function (text) {
      return text ? work(new URLSearchParams({ purpose: text }).toString()) : null;
    });
  };
})();
