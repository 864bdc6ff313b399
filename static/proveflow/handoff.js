// On a computer, which cannot go on here, shows the QR code at once. A tablet that says it is a computer goes on here.

const hasTouch = navigator.maxTouchPoints > 1 && matchMedia("(pointer: coarse)").matches;
document.querySelector(hasTouch ? "[data-here]" : "[data-at-once]")?.requestSubmit();
