$Check = {
    param($Settings)
    $Limit = Read-RegistryValue -Path 'HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server' -Name MaxOutstandingConnections
    $Port = (Get-ItemProperty -Path 'HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp').PortNumber
    $Now = @(Get-NetTCPConnection -LocalPort $Port -ErrorAction SilentlyContinue | Where-Object { [string]$_.State -ne 'Listen' })
    $Hour = (Get-Date).AddHours(-1)
    $Attempts = @(Get-WinEvent -FilterHashtable @{ LogName = 'Microsoft-Windows-RemoteDesktopServices-RdpCoreTS/Operational'; Id = 131; StartTime = $Hour } -ErrorAction SilentlyContinue)
    # The address stands in the event's data, whatever the language: 10.0.0.9:50123 or [2001:db8::9]:50123.
    $Clients = @($Attempts | ForEach-Object { ([string]$_.Properties[1].Value) -replace ':[0-9]+$', '' } | Group-Object | Sort-Object -Property Count -Descending | Select-Object -First 5)
    $Full = @(Get-WinEvent -FilterHashtable @{ LogName = 'System', 'Microsoft-Windows-TerminalServices-RemoteConnectionManager/Admin'; Id = 1006; StartTime = (Get-Date).AddDays(-7) } -ErrorAction SilentlyContinue | Where-Object { $_.ProviderName -like '*RemoteConnectionManager*' -or $_.ProviderName -like '*TermService*' })
    $Text = @()
    if ($Full.Count -gt 0) { $Text += "the limit was reached $($Full.Count) times in a week (event 1006)" }
    if ($Attempts.Count -gt 600) { $Text += "$($Attempts.Count) connections in an hour, most from $($Clients[0].Name): find out what that is" }
    if ($Limit.Exists -and ($Limit.Value -gt 3000)) { $Text += "the limit was raised to $($Limit.Value), which switches the protection off" }
    [pscustomobject]@{
        Limit       = if ($Limit.Exists) { $Limit.Value } else { 'built-in' }
        Connections = ($Now | Group-Object -Property State | ForEach-Object { "$($_.Name) $($_.Count)" }) -join ', '
        LastHour    = $Attempts.Count
        Clients     = ($Clients | ForEach-Object { "$($_.Name) $($_.Count)" }) -join ', '
        Needed      = $Text.Count -gt 0
        Reason      = if ($Text.Count -gt 0) { $Text -join '; ' } else { 'no sign that the limit is reached' }
    }
}
