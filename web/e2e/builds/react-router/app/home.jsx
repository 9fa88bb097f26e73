import { useEffect, useState } from 'react';
import { Link } from 'react-router';

export default function Home() {
  const [name, setName] = useState('React Router');
  useEffect(() => setName('React Router runs'), []);
  return (
    <>
      <h1>{name}</h1>
      <Link to="/device/192.168.1.5">Device</Link>
    </>
  );
}
