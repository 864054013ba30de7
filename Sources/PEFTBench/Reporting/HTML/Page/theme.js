// Sets the chosen theme before anything is drawn.
try {
  const theme = localStorage.getItem("peft-bench-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch (error) {}
