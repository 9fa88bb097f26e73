import { useParams } from 'react-router';

export default function Device() {
  return <h1>Device {useParams().address}</h1>;
}
