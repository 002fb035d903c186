/* 生成简报: asks for the file of the page's question, says that it is being made, and what went wrong if it was not. */
(function () {
  "use strict";
  function say(text, isWrong) {
    var place = document.getElementById("takeaway-said");
    if (!place) { return; }
    place.textContent = text;
    place.classList.toggle("is-wrong", Boolean(isWrong));
  }

  function nameOf(answer) {
    var said = /filename\*=UTF-8''([^;]+)/.exec(answer.headers.get("Content-Disposition") || "");
    return said ? decodeURIComponent(said[1]) : "brief";
  }

  function hand(name, blob) {
    var link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    window.setTimeout(function () { URL.revokeObjectURL(link.href); }, 60000);
    say("已生成：" + name);
  }

  async function fetchBrief(kind, format) {
    var asked = new URLSearchParams(window.location.search);
    asked.set("report", kind);
    asked.set("format", format);
    say("正在生成……");
    try {
      var answer = await window.fetch("/api/v1/brief?" + asked.toString());
      if (!answer.ok) {
        say("未能生成：" + ((await answer.json()).error || "服务器未说明原因"), true);
        return;
      }
      hand(nameOf(answer), await answer.blob());
    } catch (error) {
      say("未能生成：连接中断，请稍后再试", true);
    }
  }

  document.addEventListener("click", function (event) {
    var target = event.target.closest ? event.target.closest("[data-brief]") : null;
    if (target) { fetchBrief(target.dataset.brief, target.dataset.format); }
  });
})();
