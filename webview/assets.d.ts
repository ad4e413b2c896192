/** What the bundler gives for imports that are not code. */
declare module '*?bundle' {
  /** The bundled script as text. */
  const text: string;
  export default text;
}
declare module '*.css';
