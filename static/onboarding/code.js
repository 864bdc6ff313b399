// The code page: fills in the code if the browser can read it, and counts down. The page also works without it.

const EVERY_S = 30; // between announcements: a screen reader cannot follow one each second
const WARNED_S = 60; // before the code expires
const form = document.querySelector("form[data-code]");
const said = document.querySelector("[data-said]");

const word = (name) => document.querySelector(`[data-word="${name}"]`).textContent;
const say = (text) => { said.textContent = text; };

function inWords(seconds) {
  const minutes = Math.floor(seconds / 60);
  const unit = (count, name) => new Intl.NumberFormat(document.documentElement.lang,
    { style: "unit", unit: name, unitDisplay: "long" }).format(count);
  return [minutes && unit(minutes, "minute"), seconds % 60 && unit(seconds % 60, "second")].filter(Boolean).join(" ");
}

// Calls `tick` once a second with the seconds left, which stay right after the device has slept.
function countDown(seconds, tick) {
  if (!seconds) return;
  const end = Date.now() + seconds * 1000;
  const timer = setInterval(() => {
    const left = Math.max(0, Math.round((end - Date.now()) / 1000));
    if (!left) clearInterval(timer);
    tick(left);
  }, 1000);
}

function waitForNextSend(place) {
  const clock = place.querySelector("[data-clock]");
  const spoken = place.querySelector(".unseen");
  const wait = Number(place.dataset.wait);
  if (wait) say(word("wait").replace("{time}", inWords(wait)));
  countDown(wait, (left) => {
    clock.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    spoken.textContent = inWords(left);
    if (!left) place.hidden = true;
    if (!left) say(word("now"));
    else if (left % EVERY_S === 0) say(word("wait").replace("{time}", inWords(left)));
  });
}

function warnOfTheEnd(tip) {
  const lasting = document.querySelector("[data-lasting]");
  countDown(Number(tip.dataset.ending), (left) => {
    const lasts = left > WARNED_S ? word("lasting").replace("{time}", inWords(Math.ceil(left / 60) * 60)) : "";
    if (lasting.textContent !== lasts) lasting.textContent = lasts;
    if (left > WARNED_S || (left && !tip.hidden)) return;
    if (!left) tip.textContent = word("over");
    tip.hidden = false;
    say(tip.textContent);
  });
}

// https://developer.mozilla.org/en-US/docs/Web/API/WebOTP_API
function readTheText() {
  if (!("OTPCredential" in window)) return;
  const leaving = new AbortController();
  form.addEventListener("submit", () => leaving.abort());
  window.addEventListener("pagehide", () => leaving.abort());
  navigator.credentials.get({ otp: { transport: ["sms"] }, signal: leaving.signal }).then((found) => {
    form.elements.code.value = found.code;
    say(word("filled"));
  }, () => {}); // refused, or the page was left: the person types the code
}

document.querySelectorAll("[data-wait]").forEach(waitForNextSend);
document.querySelectorAll("[data-ending]").forEach(warnOfTheEnd);
if (form) readTheText();
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
