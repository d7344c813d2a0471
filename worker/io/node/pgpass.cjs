/** The driver looks for a password that an address lacks in a file of its user's, which a Worker has none of. */
module.exports = (_connection, give) => give();
