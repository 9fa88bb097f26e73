import { useState } from 'react';
import { createRoot } from 'react-dom/client';

function App() {
  const [name] = useState('React');
  return <h1>{name} runs</h1>;
}

createRoot(document.getElementById('app')).render(<App />);
