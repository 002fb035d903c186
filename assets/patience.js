/* A callback that found no room on the server (429) is asked again after the time that the server names: Dash itself
   would give up, and its panel would go on showing what it showed before. */
(function () {
  "use strict";
  var MOST = 5;
  var fetchNow = window.fetch;

  function ask(address, options, left) {
    return fetchNow.call(window, address, options).then(function (answer) {
      if (answer.status !== 429 || !left) { return answer; }
      return wait(Number(answer.headers.get("Retry-After")) || 2).then(function () {
        return ask(address, options, left - 1);
      });
    });
  }

  function wait(seconds) {
    return new Promise(function (done) { window.setTimeout(done, 1000 * seconds); });
  }

  window.fetch = function (address, options) {
    return ask(address, options, String(address).indexOf("_dash-update-component") < 0 ? 0 : MOST);
  };
}());
