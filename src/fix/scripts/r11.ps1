$Check = {
    param($Settings)
    $Computer = Get-CimInstance -ClassName Win32_ComputerSystem
    $FullName = [System.Net.Dns]::GetHostEntry('').HostName
    # 0 or not there: allowed; 1: refused for domain accounts; 2: refused.
    $Incoming = Read-RegistryValue -Path 'HKLM:\SYSTEM\CurrentControlSet\Control\Lsa\MSV1_0' -Name RestrictReceivingNTLMTraffic
    $Refused = $Incoming.Exists -and ($Incoming.Value -ne 0)
    # From a remote session the domain may not answer: then look from a workstation.
    $Ran = Invoke-Program -Program 'setspn.exe' -Words '-L', $env:COMPUTERNAME
    $Names = @([regex]::Matches($Ran.Told, 'TERMSRV/\S+') | ForEach-Object { $_.Value })
    $Reason = if (-not $Computer.PartOfDomain) { 'not in a domain, so there is no Kerberos: NTLM is all it has, by name and by address' }
    elseif ($Refused) { "it refuses NTLM (RestrictReceivingNTLMTraffic $($Incoming.Value)): connect as $FullName, never by address" }
    else { "it takes NTLM; with Kerberos as $FullName" }
    [pscustomobject]@{
        FullName     = $FullName
        Domain       = $Computer.Domain
        ServiceNames = if ($Names.Count -gt 0) { $Names -join ' ' } else { "not told: $($Ran.Told)" }
        Needed       = $Refused -or -not $Computer.PartOfDomain
        Reason       = $Reason
    }
}
