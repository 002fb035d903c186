/* 生成简报: asks for the file of the page's question, says that it is being made, and what went wrong if it was not. */
(function () {
  "use strict";
  function say(text, isWrong) {
    var place = document.getElementById("takeaway-said");
    if (!place) { return; }
    place.textContent = text;
    place.classList.toggle("is-wrong", Boolean(isWrong));
  }

  function fetchBrief(kind, format) {
    var asked = new URLSearchParams(window.location.search);
    asked.set("report", kind);
    asked.set("format", format);
    say("正在生成……");
    window.yiping.exports.fetchFile("/api/v1/brief?" + asked.toString()).then(function (name) {
      say("已生成：" + name);
    }).catch(function (problem) {
      say("未能生成：" + problem.message, true);
    });
  }

  document.addEventListener("click", function (event) {
    var target = event.target.closest ? event.target.closest("[data-brief]") : null;
    if (target) { fetchBrief(target.dataset.brief, target.dataset.format); }
  });
})();
