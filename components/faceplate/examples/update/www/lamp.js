const on = document.querySelector('#on');
const problem = document.querySelector('#problem');

async function lamp(options) {
  try {
    const answer = await fetch('api/lamp', { cache: 'no-store', ...options });
    if (!answer.ok) throw new Error(await answer.text());
    on.checked = await answer.json();
    on.disabled = false;
    problem.textContent = '';
  } catch (error) {
    problem.textContent = `The lamp does not answer: ${error.message}`;
  }
}

on.addEventListener('change', () =>
  lamp({ method: 'POST', headers: { 'Content-Type': 'application/json' }, body: String(on.checked) }),
);
lamp();
