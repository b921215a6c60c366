// Files that the bundler embeds: importing one gives its path.
declare module "*.zst" {
  const path: string;
  export default path;
}
