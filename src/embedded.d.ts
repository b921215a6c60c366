// Files that the bundler embeds: importing one gives its path.
declare module "*/standalone.js" {
  const path: string;
  export default path;
}
