/* 导出: the cases of the page's question as a file; the address holds the same conditions. */
(function () {
  "use strict";
  document.addEventListener("click", function (event) {
    var target = event.target.closest ? event.target.closest("[data-export]") : null;
    if (!target) { return; }
    var asked = new URLSearchParams(window.location.search);
    asked.set("format", target.dataset.export);
    asked.set("view", window.location.pathname);
    window.location.assign("/api/v1/export?" + asked.toString());
  });
})();
