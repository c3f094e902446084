// Stands in a bundle for a package that is asked for and never used (programs.ts, `without`).
module.exports = {};
