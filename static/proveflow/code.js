// The code page: fills in the code if the browser can read it, and counts down. The page also works without it.

const EVERY_S = 30; // between announcements: a screen reader cannot follow one each second
const FIRST_MS = 2_000; // until the first announcement: before it, the screen reader reads the page
const WARNED_S = 60; // before the code expires
const DRIFT_MS = 2_000; // between the clocks; more means that the device slept or that its time was set
const language = document.documentElement.lang;
const form = document.querySelector("form[data-code]");
const said = document.querySelector("[data-said]");

const word = (name) => document.querySelector(`[data-word="${name}"]`).textContent;
const say = (text) => { said.textContent = text; };

function inWords(seconds) {
  const minutes = Math.floor(seconds / 60);
  const unit = (count, name) => new Intl.NumberFormat(language,
    { style: "unit", unit: name, unitDisplay: "long", numberingSystem: "latn" }).format(count);
  return [minutes && unit(minutes, "minute"), seconds % 60 && unit(seconds % 60, "second")].filter(Boolean).join(" ");
}

// Calls `tick` once a second with the seconds left. The time of day may be set meanwhile: it does not count.
function countDown(seconds, tick) {
  if (!seconds) return;
  const end = performance.now() + seconds * 1000;
  const timer = setInterval(() => {
    const left = Math.max(0, Math.round((end - performance.now()) / 1000));
    if (!left) clearInterval(timer);
    tick(left);
  }, 1000);
}

function waitForNextSend(place) {
  const clock = place.querySelector("[data-clock]");
  const spoken = place.querySelector(".unseen");
  const wait = Number(place.dataset.wait);
  if (wait) setTimeout(() => say(word("wait").replace("{time}", inWords(wait))), FIRST_MS);
  countDown(wait, (left) => {
    clock.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    spoken.textContent = inWords(left);
    if (!left) {
      place.hidden = true;
      for (const button of document.querySelectorAll("[data-after-wait]")) button.hidden = false;
    }
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
    if (!left) offerAnother(tip);
    tip.hidden = false;
    say(tip.textContent);
  });
}

// The code has ended: another one becomes the main action.
function offerAnother(tip) {
  const hadFocus = form.contains(document.activeElement);
  tip.textContent = word("over");
  form.hidden = true;
  for (const again of document.querySelectorAll("[data-after-wait], [data-wait]")) again.hidden = true;
  const over = document.querySelector("[data-over]");
  over.hidden = false;
  if (hadFocus) over.querySelector("button")?.focus();
}

// A device that sleeps may stop the monotonic clock: the server knows how much time is left.
function reloadAfterSleep() {
  const offset = () => Date.now() - performance.now();
  const before = offset();
  document.addEventListener("visibilitychange", () => {
    const hasDrifted = Math.abs(offset() - before) > DRIFT_MS;
    if (!document.hidden && hasDrifted && navigator.onLine && !form?.elements.code.value) location.reload();
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

function showThatItIsChecked() {
  form.toggleAttribute("data-busy", true);
  form.querySelector("button").ariaDisabled = true;
  form.querySelector("[data-status]").textContent = word("checking");
}

for (const sent of document.querySelectorAll("[data-sent-at]")) {
  const time = new Date(sent.dataset.sentAt).toLocaleTimeString(language,
    { hour: "numeric", minute: "2-digit", numberingSystem: "latn" });
  sent.textContent = word("again").replace("{time}", time);
}
document.querySelectorAll("[data-wait]").forEach(waitForNextSend);
document.querySelectorAll("[data-ending]").forEach(warnOfTheEnd);
reloadAfterSleep();
if (form) {
  readTheText();
  form.addEventListener("submit", showThatItIsChecked);
}
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
