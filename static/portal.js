// Small helpers: theme, copy buttons, toasts, dialogs, and the keyboard. Every page works without it.
(function () {
  "use strict";

  function all(selector, root) {
    return Array.prototype.slice.call((root || document).querySelectorAll(selector));
  }

  function stored(name, fallback) {
    try {
      return window.localStorage.getItem(name) || fallback;
    } catch (error) {
      return fallback;
    }
  }

  function store(name, value) {
    try {
      window.localStorage.setItem(name, value);
    } catch (error) {
      // Private windows refuse.
    }
  }

  function say(text) {
    var box = document.getElementById("announcer");
    box.textContent = "";
    window.setTimeout(function () { box.textContent = text; }, 50);
  }

  // ---------- toasts: shown, and read out because their box is a live region ----------
  function toast(text, tone) {
    var note = document.createElement("div");
    note.className = "toast-note is-" + (tone || "note");
    note.appendChild(iconOf(tone === "bad" ? "alert" : tone === "good" ? "check-circle" : "info"));
    var words = document.createElement("span");
    words.textContent = text;
    note.appendChild(words);
    var close = document.createElement("button");
    close.type = "button";
    close.className = "toast-close";
    close.setAttribute("aria-label", "Close this message");
    close.appendChild(iconOf("x"));
    close.addEventListener("click", function () { note.remove(); });
    note.appendChild(close);
    document.getElementById("toasts").appendChild(note);
    // Failures stay until they are closed: nobody should have to read against a clock.
    if (tone !== "bad") window.setTimeout(function () { note.remove(); }, 8000);
  }

  function iconOf(name) {
    var space = "http://www.w3.org/2000/svg";
    var svg = document.createElementNS(space, "svg");
    svg.setAttribute("class", "icon");
    svg.setAttribute("aria-hidden", "true");
    var use = document.createElementNS(space, "use");
    use.setAttribute("href", spriteUrl() + "#" + name);
    svg.appendChild(use);
    return svg;
  }

  function spriteUrl() {
    var any = document.querySelector(".icon use");
    return any ? any.getAttribute("href").split("#")[0] : "/static/icons.svg";
  }

  document.addEventListener("toast", function (event) {
    toast(event.detail.text, event.detail.tone);
  });
  // A draft that was not kept is no news: the form itself still stands there.
  function isAside(event) {
    return event.detail.elt && event.detail.elt.id === "keep-draft";
  }

  document.addEventListener("htmx:sendError", function (event) {
    if (isAside(event)) return;
    toast("The portal did not answer. Check the connection and try again; nothing was sent.", "bad");
  });
  document.addEventListener("htmx:responseError", function (event) {
    if (isAside(event)) return;
    var status = event.detail.xhr.status;
    if (status === 401 || (status === 403 && /sign in/i.test(event.detail.xhr.responseText))) {
      toast("You are signed out. Reload the page to sign in again.", "bad");
    } else if (!event.detail.xhr.getResponseHeader("HX-Trigger")) {
      toast("That did not work (" + status + "). Reload the page to see how things stand.", "bad");
    }
  });

  // ---------- Enter in a field with a button of its own presses that button ----------
  document.addEventListener("keydown", function (event) {
    var field = event.target.closest("[data-enter]");
    if (field && event.key === "Enter") {
      event.preventDefault();
      document.querySelector(field.getAttribute("data-enter")).click();
    }
  });

  // ---------- copy ----------
  function copy(button) {
    var source = document.querySelector(button.getAttribute("data-copy"));
    var text = source.value !== undefined ? source.value : source.textContent;
    if (!navigator.clipboard) {
      say("Copying needs a secure connection. Select the text instead.");
      return;
    }
    navigator.clipboard.writeText(text.trim()).then(
      function () { toast(button.getAttribute("data-copied") || "Copied.", "good"); },
      function () { toast("The browser did not allow copying. Select the text instead.", "bad"); }
    );
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-copy]");
    if (button) { copy(button); return; }
    var opener = event.target.closest("[data-open]");
    if (opener) { document.querySelector(opener.getAttribute("data-open")).showModal(); return; }
    var closer = event.target.closest("[data-close]");
    if (closer) closer.closest("dialog").close();
  });

  // ---------- choices kept on this device ----------
  function keysOn() {
    return stored("egress-keys", "on") === "on";
  }

  function wire(root) {
    all("[data-theme]", root).forEach(function (select) {
      select.value = window.egressTheme.chosen();
      select.addEventListener("change", function () {
        store("egress-theme", select.value);
        window.egressTheme.apply();
      });
    });
    all("[data-keys-on]", root).forEach(function (box) {
      box.checked = keysOn();
      box.addEventListener("change", function () { store("egress-keys", box.checked ? "on" : "off"); });
    });
    all("[data-copy-once]", root).forEach(function (field) { field.select(); });
  }
  document.addEventListener("DOMContentLoaded", function () { wire(document); });

  // ---------- sentences beside fields arrive by htmx: mark their fields too ----------
  function markFields() {
    all("[data-hint-for]").forEach(function (hint) {
      var field = document.getElementById(hint.getAttribute("data-hint-for"));
      if (!field) return;
      if (hint.querySelector(".error-text")) field.setAttribute("aria-invalid", "true");
      else field.removeAttribute("aria-invalid");
    });
  }
  document.addEventListener("htmx:afterSettle", markFields);
  document.addEventListener("htmx:afterSettle", function (event) {
    // What replaces the focused element says where the focus goes.
    var target = event.target.closest("[data-focus-here]") || event.target.querySelector("[data-focus-here]");
    if (target) {
      target.removeAttribute("data-focus-here");
      target.focus();
    }
  });
  document.addEventListener("htmx:oobAfterSwap", markFields);

  document.addEventListener("change", function (event) {
    if (event.target.matches("[data-select]") && event.target.checked) {
      document.getElementById("together-box").open = true;
    }
  });

  // ---------- keyboard ----------
  function rows() {
    return all("[data-row]");
  }

  function currentRow() {
    return document.activeElement && document.activeElement.closest("[data-row]");
  }

  function step(by) {
    var list = rows();
    if (!list.length) return;
    var at = list.indexOf(currentRow());
    var next = list[Math.min(list.length - 1, Math.max(0, at + by))];
    next.querySelector("summary, [data-focus]").focus();
    next.scrollIntoView({ block: "nearest" });
  }

  // What a key is about: the row in focus, behind a row that is done the next one, or else the
  // first that waits. It gets the focus, so that everybody sees what Enter will decide.
  function rowToDecide() {
    var list = rows(), current = currentRow();
    function waits(row) { return row.querySelector("[data-select]:enabled"); }
    var from = Math.max(0, list.indexOf(current));
    var row = list.slice(from).filter(waits)[0] || list.filter(waits)[0];
    if (row && row !== current) row.querySelector("summary").focus();
    return row;
  }

  function decide(verdict) {
    var row = rowToDecide(), wanted = '[data-decide="' + verdict + '"]', asked = strayAt;
    function go() {
      // Whoever went on meanwhile is not brought back: their next Enter is for something else.
      var target = currentRow() === row && asked === strayAt && row.querySelector(wanted);
      if (!target) return;
      target.focus();
      if (row.offsetHeight < window.innerHeight) row.scrollIntoView({ block: "nearest" });
    }
    if (!row) {
      var only = document.querySelector("#decide " + wanted);
      if (only) only.focus();
      return only;
    }
    var isThere = row.querySelector("[data-decide]");
    if (!isThere) row.addEventListener("htmx:afterSettle", go, { once: true });
    row.querySelector("details").open = true;
    go();
    return row;
  }

  function select(row) {
    var box = row.querySelector("[data-select]");
    if (box) {
      box.click();
      say(box.checked ? "Selected" : "Not selected");
    }
  }

  // Somebody who types a word beside the search field wants to find it, not to decide: the word's
  // letters are no commands, and an Enter behind them approves nothing.
  var KEYS = "/?jkadx ", PAUSE = 1000, strayAt = -PAUSE;

  function isPartOfWord(event) {
    var isStray = event.key.length === 1 && KEYS.indexOf(event.key) < 0;
    var isWithin = event.timeStamp - strayAt < PAUSE && "adx".indexOf(event.key) >= 0;
    if (!isStray && !isWithin) return false;
    strayAt = event.timeStamp;
    if (document.activeElement.matches("[data-decide]")) {
      var row = currentRow();
      if (row) row.querySelector("summary").focus();
      else document.activeElement.blur();
    }
    return true;
  }

  function isTyping(target) {
    return target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, dialog");
  }

  // While the form is on its way, closing its row helps nobody; and an Enter held down since then
  // would press the button as soon as it has the focus, before anybody read what it decides.
  function isHasty(event, row) {
    if (row && row.querySelector(".queue-body.htmx-request")) return true;
    return event.repeat && event.target.matches("[data-decide]");
  }

  // In a menu that is closed browsers give fields a place, but no focus: the menu counts.
  function isWithinReach(field) {
    return (field.closest("details") || field).offsetParent !== null;
  }

  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || !keysOn()) return;
    var row = currentRow();
    if (isPartOfWord(event)) return;
    if (event.key === "/") {
      var search = all("[data-search]").filter(isWithinReach)[0];
      if (search) {
        event.preventDefault();
        if (search.closest("details")) search.closest("details").open = true;
        search.focus();
      }
    } else if (event.key === "?") {
      var dialog = document.getElementById("shortcuts");
      if (dialog) { event.preventDefault(); dialog.showModal(); }
    } else if (event.key === "j") {
      step(1);
    } else if (event.key === "k") {
      step(-1);
    } else if (event.key === "a" || event.key === "d") {
      if (decide(event.key === "a" ? "approve" : "deny")) event.preventDefault();
    } else if (event.key === "x" && (row = rowToDecide())) {
      event.preventDefault();
      select(row);
    } else if (event.key === "Enter" && isHasty(event, row)) {
      event.preventDefault();
    }
  });
})();
