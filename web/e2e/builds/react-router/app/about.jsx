export default function About() {
  return <h1>About React Router</h1>;
}
