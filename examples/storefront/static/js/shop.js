// What the pages do with a script; without one all forms work as forms.
"use strict";

const token = document.querySelector("meta[name=csrf-token]").content;

// "Add to cart" on a card leaves the visitor where he is.
for (const form of document.querySelectorAll("form.quick")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        headers: { "X-CSRFToken": token },
        body: new FormData(form),
      });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const cart = new DOMParser().parseFromString(await answer.text(), "text/html");
      document.getElementById("cart-count").textContent = cart.getElementById("cart-count").textContent;
    } catch {
      form.submit();
    } finally {
      button.disabled = false;
    }
  });
}

// The answer is a cookie for scripts; the shop itself never reads it.
const consent = document.getElementById("consent");
consent.hidden = /(^|; )cookie_consent=/.test(document.cookie);
for (const button of consent.querySelectorAll("button")) {
  button.addEventListener("click", () => {
    document.cookie = `cookie_consent=${button.value}; path=/; max-age=15552000; samesite=lax`;
    consent.hidden = true;
  });
}
